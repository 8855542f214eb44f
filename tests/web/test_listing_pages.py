"""Lists on PostgreSQL: every row once, forwards and back, whatever the order; one data query a page."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from litestar.testing import RequestFactory

from quzhou_migrants.web import listing_count
from quzhou_migrants.web.listing import Column, Filter, Listing

ROWS = 130
SOURCE = (
    "(SELECT g::bigint AS id, 'n' || lpad((g % 7)::text, 2, '0') AS name, (g * 37) % 11 AS rank,"
    " CASE WHEN g % 2 = 0 THEN 'even' ELSE 'odd' END AS kind FROM generate_series(1, 130) g) t"
)
NUMBERS = Listing(
    "numbers",
    SOURCE,
    (
        Column("id", shown=False),
        Column("name", sort=True, link="/n/{id}?of={name}"),
        Column("rank", kind="int", sort=True),
        Column("kind", kind="tag"),
    ),
    filters=(Filter("kind", "kind = {}", choices=("odd", "even")),),
    search=lambda _tx, text: ("name = {}", [text]),
    size=20,
)


def ask(**query: str) -> Any:
    return RequestFactory().get("/numbers", query_params=query)


async def walk(tx, **query: str) -> list[list[int]]:
    """Follow "next" to the end."""
    pages, place = [], {}
    while True:
        page = await NUMBERS.fetch(tx, ask(**query, **place))
        pages.append([row["id"] for row in page.rows])
        if not page.after:
            return pages
        place = {"at": page.after}


@pytest.mark.parametrize("sort", ["", "name", "-name", "rank", "-rank"])
async def test_paging_shows_every_row_once_in_order(tx, sort):
    pages = await walk(tx, sort=sort)
    rows = await tx.conn.fetch("SELECT * FROM " + SOURCE)
    column = sort.removeprefix("-") or "id"
    expected = [r["id"] for r in sorted(rows, key=lambda r: (r[column], r["id"]), reverse=sort.startswith("-"))]
    assert [key for page in pages for key in page] == expected
    assert [len(page) for page in pages] == [20] * 6 + [10]


async def test_paging_back_shows_the_same_pages(tx):
    forwards = await walk(tx, sort="-rank")
    page = await NUMBERS.fetch(tx, ask(sort="-rank"))
    for _ in forwards[1:]:
        page = await NUMBERS.fetch(tx, ask(sort="-rank", at=page.after))
    backwards = [[row["id"] for row in page.rows]]
    while page.before:
        page = await NUMBERS.fetch(tx, ask(sort="-rank", at=page.before))
        backwards.insert(0, [row["id"] for row in page.rows])
    assert backwards == forwards


async def test_first_and_last_page_know_that_they_are(tx):
    first = await NUMBERS.fetch(tx, ask(size="200"))
    assert (first.before, first.after, first.total) == ("", "", ROWS)


async def test_filter_and_search_narrow_rows_and_count(tx):
    page = await NUMBERS.fetch(tx, ask(kind="even", q="n03"))
    assert [row["id"] % 14 for row in page.rows] == [10] * len(page.rows)
    assert page.total == len(page.rows) == 9
    assert [title for title, _ in page.chips()] == ["“n03”", "list.kind list.kind.even"]


async def test_what_narrows_a_list_is_said_in_words(tx):
    placed = replace(NUMBERS, filters=(Filter("division", "name", kind="division"), *NUMBERS.filters))
    page = await placed.fetch(tx, ask(division="330802000000", kind="even,odd"))
    assert [title.partition(" ")[2] for title, _ in page.chips()] == [
        page.places.name("330802000000"),
        "list.kind.even、list.kind.odd",
    ]


async def test_a_base_condition_joins_the_others(tx):
    page = await NUMBERS.fetch(tx, ask(kind="odd"), ("id <= {}", [10]))
    assert [row["id"] for row in page.rows] == [1, 3, 5, 7, 9]


async def test_a_page_costs_one_data_query_and_at_most_one_count(tx):
    await NUMBERS.fetch(tx, ask())  # the map of places is kept for a minute
    asked: list[str] = []
    tx.conn._con.add_query_logger(lambda entry: asked.append(entry.query))
    first = await NUMBERS.fetch(tx, ask(kind="odd"))
    await NUMBERS.fetch(tx, ask(kind="odd", at=first.after))
    await asyncio.sleep(0)  # the driver tells of a query one turn of the loop later
    assert len([q for q in asked if "count(*)" in q]) == 1
    assert len([q for q in asked if q.startswith("EXPLAIN")]) == 1
    assert len([q for q in asked if q.startswith("SELECT id AS id")]) == 2
    assert len(asked) == 4


async def test_a_figure_that_would_cost_too_much_is_estimated_and_says_so(tx, monkeypatch):
    monkeypatch.setattr(listing_count, "CHEAP", 0.0)
    fresh = replace(NUMBERS, key="fresh", _counts=listing_count.Counts())
    page = await fresh.fetch(tx, ask(kind="odd"))
    assert page.count.about
    assert page.total == listing_count.rounded(page.total)


@pytest.mark.parametrize(("rows", "shown"), [(0, 0), (7, 7), (99, 99), (136, 140), (11358, 11000), (11500, 12000)])
def test_an_estimate_keeps_two_digits(rows, shown):
    assert listing_count.rounded(rows) == shown


async def test_what_stands_in_a_cell_is_escaped(tx):
    evil = Listing(
        "evil", "(SELECT 1 AS id, '<b>&\"' AS name) t", (Column("id", shown=False), Column("name", link="/x?n={name}"))
    )
    page = await evil.fetch(tx, ask())
    assert "<b>" not in str(page.body)
    assert "&lt;b&gt;&amp;&#34;" in str(page.body)


async def test_an_impossible_value_finds_nothing_instead_of_failing(tx):
    page = await NUMBERS.fetch(tx, ask(at="W1tbInMiLCJ4Il1dLGZhbHNlXQ"))
    assert len(page.rows) in {0, 20}
