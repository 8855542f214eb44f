"""Every component in every state on one page: for whoever designs a page, and for the tests that look at it."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.response import Response
from msgspec import Meta

from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.guards import signed_in
from quzhou_migrants.kernel.journal import Entry
from quzhou_migrants.web.divisions import Places
from quzhou_migrants.web.fields import Percent, Yuan
from quzhou_migrants.web.forms import Form, new_form, read_raw
from quzhou_migrants.web.listing import Column, Control, Filter, Listing, Page
from quzhou_migrants.web.listing_count import Count
from quzhou_migrants.web.listing_query import read_asked
from quzhou_migrants.web.render import render, shell_of


class Category(StrEnum):
    """Choices of the sample form."""

    ROADS = "roads"
    WATER = "water"
    FARMING = "farming"


class SampleForm(msgspec.Struct):
    """A form with one field of each kind."""

    title: Annotated[str, Meta(max_length=20)]
    asked: Annotated[Yuan, Meta(gt=0)]
    people: Annotated[int, Meta(ge=1, le=100_000)]
    starts_on: date
    category: Category
    share: Percent
    fits: list[Category]
    content: Annotated[str, Meta(min_length=10, max_length=200)]
    agreed: bool = False
    shape: str = "point"
    points: str = ""
    remark: str = ""


SAMPLE = Listing(
    "gallery",
    "nothing",
    (
        Column("id", shown=False),
        Column("title", link="/gallery?id={id}", sort=True),
        Column("division_code", kind="division"),
        Column("state", kind="state", machine="GALLERY"),
        Column("asked_fen", kind="money", sort=True),
        Column("progress_bp", kind="bp"),
        Column("due_on", kind="date", sort=True),
    ),
    filters=(
        Filter("division", "division_code", kind="division"),
        Filter("state", "state = {}", machine="GALLERY"),
        Filter("late", "true", kind="flag"),
    ),
    search=lambda _tx, _text: ("true", []),
)


@lru_cache(maxsize=1)
def samples() -> dict[str, Any]:
    """Read the sample texts."""
    return tomllib.loads(Path(__file__).with_name("gallery.toml").read_text(encoding="utf-8"))


def wrong_form() -> Form[SampleForm]:
    """Fill the sample form as a hasty person would, and add what a service might refuse."""
    form = read_raw({name: [text] for name, text in samples()["typed"].items()}, SampleForm)
    form.refuse(Problem("WEB-409"))
    return form


def sample_page(request: Request[Any, Any, Any], *, empty: bool = False) -> Page:
    """Make a page of a list that no table stands behind."""
    names = samples()["places"]
    rows: list[Any] = [] if empty else [tuple(row) for row in samples()["rows"]]
    controls = [
        Control("division", SAMPLE.label("division_code"), "division", "", tuple((c, n, 0) for c, n in names.items())),
        Control("state", SAMPLE.label("state"), "choice", "", (("draft", "draft", 0),)),
        Control("late", SAMPLE.label("late"), "flag", "", ()),
    ]
    asked = read_asked(SAMPLE, request.query_params, {"q": samples()["query"]} if empty else {})
    more = "" if empty else "x"
    count = Count(len(rows) * 400)
    return Page(SAMPLE, asked, rows, controls, count, before="", after=more, places=Places(names, {}), path="/gallery")


@get("/gallery", opt=signed_in(), include_in_schema=False)
async def gallery(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show all components; only where the data are a demonstration.

    Raises: Refused KRN-404 elsewhere.
    """
    if not shell_of(request).demo:
        raise Refused("KRN-404")
    sample = samples()
    form = wrong_form() if "wrong" in request.query_params else new_form(SampleForm, **sample["filled"])
    entries = [
        Entry(e["at"], e["who"], e["title"], e["sentence"], e["clause"], e["from"], e["to"], {"reason": e["reason"]})
        for e in sample["entries"]
    ]
    return render(
        request,
        "web/gallery.html",
        form=form,
        page=sample_page(request),
        none_page=sample_page(request, empty=True),
        entries=entries,
        categories=[(c, sample["categories"][c]) for c in Category],
        day=shell_of(request).today + timedelta(days=3),
    )
