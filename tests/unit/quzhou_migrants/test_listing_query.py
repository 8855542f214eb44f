"""Lists: the address becomes conditions; nothing typed into an address reaches SQL as text."""

import base64
import datetime as dt

import pytest

from quzhou_migrants.web.cells import even
from quzhou_migrants.web.listing import Column, Filter, Listing
from quzhou_migrants.web.listing_query import Cursor, Sql, read_asked

LIST = Listing(
    "test",
    "t",
    (Column("id", shown=False), Column("name", sort=True), Column("on", "t.day", sort="coalesce(t.day, '-infinity')")),
    order=("t.place",),
    scope="t.place",
    filters=(
        Filter("place", "t.place", kind="division"),
        Filter("state", "t.state = {}", choices=("a", "b")),
        Filter("year", "t.year = {}", whole=True),
        Filter("since", "t.day >= {}", kind="date"),
        Filter("late", "t.due < now()", kind="flag"),
    ),
    search=lambda _tx, text: ("t.name = {} OR t.code = {}", [text, text]),
)


def narrowed(**typed: str) -> Sql:
    sql = Sql()
    asked = read_asked(LIST, typed, {})
    for f in LIST.filters:
        if f.name in asked.values:
            sql.narrow(f, asked.values[f.name])
    return sql


def test_filters_become_numbered_parameters():
    sql = narrowed(state="a", year="2026", since="2026-09-01", late="1")
    assert sql.where == " WHERE (t.state = $1) AND (t.year = $2) AND (t.day >= $3) AND (t.due < now())"
    assert sql.params == ["a", 2026, dt.date(2026, 9, 1)]


def test_division_becomes_a_range_of_codes():
    sql = narrowed(place="330802000000")
    assert sql.where == " WHERE (t.place >= $1 AND t.place < $2)"
    assert sql.params == ["330802000000", "330803000000"]


@pytest.mark.parametrize(
    "typed",
    [
        {"place": "33080200000x"},
        {"place": "1"},
        {"year": "twenty"},
        {"since": "2026-13-01"},
        {"year": "٣"} | {"since": "x"},
    ],
)
def test_a_value_that_cannot_be_one_finds_nothing(typed):
    assert "false" in narrowed(**typed).parts


def test_injection_stays_a_parameter():
    sql = narrowed(state="a'; DROP TABLE t; --")
    assert sql.where == " WHERE (t.state = $1)"
    assert sql.params == ["a'; DROP TABLE t; --"]


@pytest.mark.parametrize("sort", ["id; DROP TABLE t", "nothing", "-nothing", ""])
def test_unknown_sort_falls_back_to_the_order_of_the_list(sort):
    asked = read_asked(LIST, {"sort": sort}, {})
    assert LIST.keys(asked) == ("t.place", "id")
    assert not asked.falling(LIST)


def test_page_statement_walks_by_key_and_asks_for_one_row_more():
    cursor = Cursor(("330802", 7), back=False).token
    text, params = LIST.statement(Sql(), read_asked(LIST, {"at": cursor}, {}), 51)
    assert text == (
        "SELECT id AS id, name AS name, t.day AS on, t.place AS _k0, id AS _k1 FROM t"
        " WHERE ((t.place, id) > ($1, $2)) ORDER BY t.place, id LIMIT 51"
    )
    assert params == ["330802", 7]


def test_going_back_turns_the_order_round():
    cursor = Cursor(("x", 7), back=True).token
    text, _ = LIST.statement(Sql(), read_asked(LIST, {"at": cursor, "sort": "-name"}, {}), 51)
    assert text.endswith("WHERE ((name, id) > ($1, $2)) ORDER BY name, id LIMIT 51")


def test_a_place_of_another_order_starts_from_the_beginning():
    cursor = Cursor((7,), back=False).token
    text, params = LIST.statement(Sql(), read_asked(LIST, {"at": cursor}, {}), 51)
    assert "WHERE" not in text
    assert params == []


@pytest.mark.parametrize("value", ["汉字", 7, 2.5, dt.date(2026, 9, 16), dt.datetime(2026, 9, 16, 8, tzinfo=dt.UTC)])
def test_a_place_survives_the_address(value):
    assert Cursor.read(Cursor((value, 1), back=True).token) == Cursor((value, 1), back=True)


@pytest.mark.parametrize(
    "token", ["", "x", "bm90anNvbg", "W10", "W1tbIm4iLCJ4Il1dLHRydWVd", "é" * 3, "W1tbInEiLDFdXSx0cnVlXQ"]
)
def test_a_tampered_place_leads_to_the_beginning(token):
    assert Cursor.read(token) is None


@pytest.mark.parametrize(
    ("typed", "size"), [("20", 20), ("200", 200), ("1000000", 50), ("-1", 50), ("x", 50), ("", 50)]
)
def test_page_size_is_one_of_a_few(typed, size):
    assert read_asked(LIST, {"size": typed}, {}).size == size


def test_addresses_keep_what_narrows_and_drop_the_place():
    asked = read_asked(LIST, {"q": "张 三", "state": "a", "sort": "-name", "at": "x"}, {})
    assert asked.url("/t", {"state": "b"}) == "/t?q=%E5%BC%A0+%E4%B8%89&state=b&sort=-name"
    assert asked.url("/t", {"q": "", "state": "", "sort": ""}) == "/t"


def test_search_text_is_cut_and_cleaned():
    assert len(read_asked(LIST, {"q": "字" * 5000}, {}).q) == 100
    assert read_asked(LIST, {"q": "a\x00b"}, {}).q == ""


def test_decimals_of_a_column_stand_in_one_line() -> None:
    assert even(["22.82247", "47.8722", "", "15"]) == ["22.82247", "47.87220", "", "15.00000"]
    assert even(["3", "12"]) == ["3", "12"]


@pytest.mark.parametrize("size", ["0020999999999", "9" * 5000, "²", "-20", "20 ", "1000"])
def test_page_sizes_nobody_offered_are_the_usual_one(size):
    assert read_asked(LIST, {"size": size}, {}).size == LIST.size


@pytest.mark.parametrize("token", [b"[" * 20_000, b'[[["s","\\u0000"]],false]', b'[[["t","x"]],false]'])
def test_invented_places_lead_to_the_beginning(token):
    assert Cursor.read(base64.urlsafe_b64encode(token).decode()) is None


def test_a_file_holds_the_list_from_its_beginning():
    asked = read_asked(LIST, {"at": Cursor((7,), back=False).token}, {})
    assert asked.cursor is not None
    assert asked.whole.cursor is None
