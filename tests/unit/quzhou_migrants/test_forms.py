"""Forms: what people type, what comes out, and that every slip is told at once."""

import datetime as dt
import time
import uuid
from enum import StrEnum
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.web.fields import Percent, Yuan
from quzhou_migrants.web.forms import Form, new_form, read_raw


class Kind(StrEnum):
    ROADS = "roads"
    WATER = "water"


class Step(msgspec.Struct):
    title: str
    weight: Percent


class Apply(msgspec.Struct):
    title: Annotated[str, Meta(max_length=5)]
    asked: Annotated[Yuan, Meta(gt=0)]
    on: dt.date
    kind: Kind
    tags: Annotated[list[Kind], Meta(min_length=1)]
    people: Annotated[int, Meta(ge=1, le=100)] = 1
    note: str = ""
    agreed: bool = False
    steps: Annotated[list[Step], Meta(max_length=2)] = []
    until: dt.date | None = None


GOOD = {"title": ["机耕路"], "asked": ["38.6万"], "on": ["2026年3月1日"], "kind": ["roads"], "tags": ["roads", "water"]}


def read(**typed: list[str]) -> Form[Apply]:
    return read_raw({**GOOD, **typed}, Apply)


def codes(form: Form[Apply]) -> list[tuple[str, str]]:
    return [(p.field, p.code) for p in form.problems]


def test_form_reads_every_kind_of_field():
    form = read(agreed=["on"], people=["１２"], note=[" 两行\r\n文字 "])
    assert form.value == Apply(
        title="机耕路",
        asked=38_600_000,
        on=dt.date(2026, 3, 1),
        kind=Kind.ROADS,
        tags=[Kind.ROADS, Kind.WATER],
        people=12,
        note="两行\n文字",
        agreed=True,
    )


def test_form_reports_every_slip_at_once_and_keeps_what_was_typed():
    typed = {"title": ["一二三四五六"], "asked": ["三十万"], "on": ["2026-02-30"], "kind": ["bridge"], "people": ["0"]}
    form = read_raw(typed, Apply)
    assert codes(form) == [
        ("title", "WEB-103"),
        ("asked", "KRN-204"),
        ("on", "WEB-111"),
        ("kind", "WEB-112"),
        ("tags", "WEB-102"),
        ("people", "WEB-108"),
    ]
    assert form.text("asked") == "三十万"
    assert not form.ok
    with pytest.raises(Invalid):
        _ = form.value


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "WEB-101"),
        ("   ", "WEB-101"),
        ("0", "WEB-118"),
        ("1.234", "KRN-205"),
        ("-5", "KRN-204"),
        ("9" * 30, "KRN-204"),
        ("1e9", "KRN-204"),
    ],
)
def test_form_refuses_an_amount_that_is_none(typed, code):
    assert codes(read(asked=[typed])) == [("asked", code)]


@pytest.mark.parametrize("typed", ["2026-03-01", "2026/3/1", "2026.03.01", "20260301", "2026年3月1日", "２０２６-3-1"])
def test_form_reads_a_date_however_it_is_written(typed):
    assert read(on=[typed]).value.on == dt.date(2026, 3, 1)


@pytest.mark.parametrize("typed", ["1" * 19, "12.5", "+", "0x10", "⑫⑬x", "NaN"])
def test_form_refuses_what_is_no_whole_number(typed):
    assert codes(read(people=[typed])) == [("people", "WEB-106")]


def test_form_refuses_control_characters():
    assert codes(read(title=["机\x00路"])) == [("title", "WEB-110")]


def test_form_brings_text_to_one_normal_form():
    assert read(title=["e\u0301"]).value.title == "é"


def test_form_counts_rare_characters_as_one_each():
    assert read(title=["𬭎𠅤㛃䶮𫖯"]).value.title == "𬭎𠅤㛃䶮𫖯"


def test_form_refuses_twenty_thousand_characters_with_the_figures():
    form = read(note=["字" * 20_000])
    assert form.problems == [Problem("WEB-103", "note", {"most": 200, "now": 20_000})]


def test_form_reads_rows_and_skips_empty_ones():
    form = read(
        **{"steps.0.title": ["路基"], "steps.0.weight": ["62.5%"], "steps.1.title": [""], "steps.1.weight": [" "]}
    )
    assert form.value.steps == [Step("路基", 6250)]
    assert form.rows("steps") == 2


def test_form_names_the_row_of_a_slip():
    form = read(**{"steps.0.title": ["路基"], "steps.0.weight": ["1.234"]})
    assert codes(form) == [("steps.0.weight", "WEB-114")]


def test_a_form_stuffed_with_rows_is_refused_at_once():
    typed = {f"steps.{n}.{name}": ["x"] for n in range(10_000) for name in "abcdefghij"}
    started = time.perf_counter()
    form = read(**typed, **{"steps.99999.title": ["x"], "steps.\u0661.title": ["x"]})
    assert codes(form) == [("steps", "WEB-116")]
    assert form.rows("steps") == 4
    assert time.perf_counter() - started < 2


def test_a_control_character_is_told_beside_its_own_field():
    form = read(**{"steps.0.title": ["a\0b"], "steps.0.weight": ["1"]})
    assert codes(form) == [("steps.0.title", "WEB-110")]
    assert [code for code, _ in form.errors("steps.0.title")] == ["WEB-110"]
    form.refuse(Problem("WEB-409", "title"))
    assert [code for code, _ in form.errors("title")] == ["WEB-409"]


def test_form_refuses_more_rows_than_allowed():
    typed = {f"steps.{n}.{name}": [value] for n in range(3) for name, value in (("title", "x"), ("weight", "1"))}
    assert codes(read(**typed)) == [("steps", "WEB-116")]


def test_autosave_lets_required_fields_wait_but_not_wrong_ones():
    form = read_raw({"title": ["路"], "asked": ["多少"]}, Apply, partial=True)
    assert codes(form) == [("asked", "KRN-204")]
    assert form.clean["title"] == "路"


def test_form_keeps_its_token_and_replaces_a_forged_one():
    token = str(uuid.uuid4())
    assert read(once=[token]).once == token
    assert uuid.UUID(read(once=["' OR 1=1"]).once)


def test_form_written_and_read_again_is_the_same():
    value = read(agreed=["on"], until=["2026-12-31"], **{"steps.0.title": ["路基"], "steps.0.weight": ["12.5"]}).value
    assert read_raw(new_form(Apply, value).raw, Apply).value == value


async def test_refusals_of_a_service_stand_beside_their_field():
    form = read()
    async with form.refusals():
        raise Refused("KRN-409", field="title")
    assert codes(form) == [("title", "KRN-409")]
    assert form.status == 409
    assert not form.ok


@pytest.mark.parametrize("code", ["KRN-403", "KRN-404", "KRN-401"])
async def test_refusals_of_access_go_to_an_error_page(code):
    form = read()
    with pytest.raises(Refused):
        async with form.refusals():
            raise Refused(code)


@pytest.mark.parametrize("typed", ["9999-12-31", "0001-01-01", "2200-01-01"])
def test_form_refuses_days_that_nobody_means(typed):
    assert ("on", "WEB-111") in codes(read(on=[typed]))
