"""The walk draws what is new and nothing twice: kinds of pages, pieces put together, fields."""

import pytest
from crawl import Judged, Sheet, kind_of
from lxml import html

KNOWN = "<main><h1>甲</h1><form class='form'><input name='reason' type='text'></form><ul class='files'></ul></main>"


def page(body: str) -> Sheet:
    return Sheet("http://here/claims/12", html.fromstring(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize(
    ("kind", "body", "new"),
    [
        ("/claims/*", KNOWN, False),
        ("/claims/*", KNOWN.replace("甲", "乙"), False),
        ("/claims/*", KNOWN.replace("<ul", "<input type='hidden' name='once'><ul"), True),
        ("/grants/*", KNOWN, True),
        ("/claims/*", KNOWN.replace("reason", "amount_fen"), True),
        ("/claims/*", KNOWN.replace("'text'", "'date'"), True),
        ("/claims/*", KNOWN.replace("<ul class='files'></ul>", ""), False),
        ("/claims/*", KNOWN.replace("<h1>甲</h1>", "<h1>甲<b>!</b></h1>"), True),
        ("/claims/*", KNOWN.replace("files", "choices"), True),
    ],
)
def test_a_page_is_drawn_when_it_adds_something(kind, body, new) -> None:
    judged = Judged()
    assert judged.adds("/claims/*", page(KNOWN))
    assert judged.adds(kind, page(body)) is new
    assert not judged.adds(kind, page(body))


def test_numbers_do_not_make_a_kind() -> None:
    assert kind_of("http://here/claims/12/paper?x=1") == kind_of("/claims/7/paper") == "/claims/*/paper"
