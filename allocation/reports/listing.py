"""The reports as lists, and the entries behind any of their figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from allocation.budget.listing import ENTRIES
from allocation.budget.overview import whole_houses
from allocation.budget.rules import Fund
from allocation.reports.queries import MOVED, TITLE, Scope, batches, compared, idle, source, years
from allocation.reports.rules import MEASURES, UNSPENT, By
from quzhou_migrants.kernel.actor import trimmed
from quzhou_migrants.web.listing import Column, Filter, Listing
from quzhou_migrants.web.listing_count import Counts

CODE_DIGITS, YEAR_DIGITS, MOST_DIGITS = 12, 4, 9
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of the program: the first is before the first document of later support
FUNDS = tuple(f.value for f in Fund)
# What was asked is written into the source already; the filter only has to be there, and to take its value.
COMPARED = (By.COUNTY, By.TOWNSHIP, By.CATEGORY)
TAKEN = "{}::text IS NOT NULL"


def read_scope(params: Mapping[str, str], own: str) -> Scope:
    """Read what an address asks for; a value that is none falls back to everything in the caller's range."""
    division = params.get("division", "")
    right = len(division) == CODE_DIGITS and _digits(division) and division.startswith(trimmed(own) if own else "")
    fund = params.get("fund_kind", "")
    return Scope(
        division if right else ("" if whole_houses(own) else own),
        _number(params.get("batch", ""), MOST_DIGITS),
        fund if fund in FUNDS else "",
        _year(params.get("year", "")),
        _year(params.get("booked", "")),
    )


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _number(text: str, most: int) -> int:
    return int(text) if _digits(text) and len(text) <= most else 0


def _year(text: str) -> int:
    return year if FIRST_YEAR <= (year := _number(text, YEAR_DIGITS)) <= LAST_YEAR else 0


def _filters(by: By, scope: Scope, offered: tuple[By, ...] = ()) -> tuple[Filter, ...]:
    place = f"'{scope.division}'::text COLLATE \"C\""
    booked = (Filter("booked", TAKEN, options=years),) if by is By.QUARTER else ()
    kinds = (Filter("by", TAKEN, choices=tuple(b.value for b in offered)),) if offered else ()
    return (
        *kinds,
        Filter("division", place, kind="division"),
        *booked,
        Filter("batch", TAKEN, options=batches),
        Filter("fund_kind", TAKEN, choices=FUNDS),
        Filter("year", TAKEN, options=years),
    )


def _behind(figure: str, page: str = "/reports/entries") -> str:
    return f"{page}?{{behind}}&figure={figure}"


_NAMES: dict[By, tuple[Column, ...]] = {
    By.COUNTY: (Column("place", "q.key", kind="division", link="/reports/use?by=township&division={key}"),),
    By.TOWNSHIP: (Column("place", "q.key", kind="division", link="/reports/use?by=project&division={key}"),),
    By.BATCH: (
        Column("doc_no", "q.title", link="/funds/{id}"),
        Column("issued_on", "q.issued_on", kind="date"),
        Column("fund_kind", "q.fund_kind", kind="tag"),
    ),
    By.PROJECT: (
        Column("project", "q.title", link="/reports/entries?{behind}"),
        Column("code", "q.code", shown=False),
        Column("place", "q.division_code", kind="division"),
    ),
    By.CATEGORY: (Column("category", "q.title", kind="tag"),),
    By.QUARTER: (Column("quarter", "(q.title / 10)::text || '.' || (q.title % 10)::text"),),
}
SPARE = {"cash_fen", "returned_fen"}  # no project has them: they stand in the sheet, not on a narrow page
_FED = (
    Column("id", "q.id", kind="int", shown=False, export=False),
    Column("behind", "q.behind", shown=False, export=False),
)


@lru_cache(maxsize=128)
def use(by: By, scope: Scope) -> Listing:
    """Declare the report of what became of the money, by one kind of row."""
    places = (Column("key", "q.key", shown=False, export=False),) if by in {By.COUNTY, By.TOWNSHIP} else ()
    figures = tuple(
        Column(
            m.name,
            f"q.{m.name}",
            kind="money",
            sort=True,
            link=_behind(m.name),
            shown=by is not By.PROJECT or m.name not in SPARE,
        )
        for m in MEASURES
        if m.name not in {"spent_fen", "claimed_fen"}
    )
    return Listing(
        key="use",
        source=source(by, scope),
        id="q.id",
        columns=(*_FED, *places, *_NAMES[by], *figures, Column("rate_bp", "q.rate_bp", kind="bp")),
        filters=_filters(by, scope, tuple(By)),
        descending=by in {By.BATCH, By.QUARTER},
    )


@lru_cache(maxsize=64)
def plan(by: By, scope: Scope) -> Listing:
    """Declare the comparison of what is there for projects with what is planned and paid."""
    names = (
        (Column("category", "q.title", kind="tag"),)
        if by is By.CATEGORY
        else (Column("place", "q.title", kind="division"),)
    )
    return Listing(
        key="planned",
        source=compared(by, scope),
        id="q.id",
        columns=(
            *_FED,
            *names,
            Column("project_fen", "q.project_fen", kind="money", sort=True, link=_behind("project_fen")),
            Column("planned_fen", "q.planned_fen", kind="money", sort=True),
            Column("awarded_fen", "q.awarded_fen", kind="money", sort=True, link=_behind("awarded_fen")),
            Column("paid_fen", "q.paid_fen", kind="money", sort=True, link=_behind("paid_fen")),
            Column("gap_fen", "q.gap_fen", kind="money", sort=True),
            Column("unpaid_fen", "q.unpaid_fen", kind="money", sort=True),
            Column("rate_bp", "q.rate_bp", kind="bp"),
        ),
        filters=tuple(f for f in _filters(by, scope, COMPARED) if f.name not in {"batch", "fund_kind"}),
    )


# The very account, not what lies with the places below it or under another earmark.
_WHOSE = (
    "CASE WHEN q.project IS NULL THEN '&unbound=1' ELSE '&project=' || q.project END || '&earmark=' || q.earmark"
    " || CASE WHEN q.division_code LIKE '____00000000' THEN '&level=city'"
    " WHEN q.division_code LIKE '______000000' THEN '&level=county'"
    " WHEN q.division_code LIKE '_________000' THEN '&level=township' ELSE '' END"
)


@lru_cache(maxsize=64)
def idle_list(today: date, after: tuple[int, int], scope: Scope) -> Listing:
    """Declare the list of idle money, account by account."""
    return Listing(
        key="idle",
        source=idle(today, after, scope),
        id="q.id",
        order=("q.issued_on",),
        columns=(
            Column("batch_id", "q.batch", kind="int", shown=False, export=False),
            Column("code", "q.division_code", shown=False, export=False),
            Column("kind_code", "q.kind", shown=False, export=False),
            Column("whose", _WHOSE, shown=False, export=False),
            Column("doc_no", "q.doc_no", link="/funds/{batch_id}"),
            Column("place", "q.division_code", kind="division"),
            Column("project_title", TITLE),
            Column("kind", "q.kind", kind="tag"),
            Column("issued_on", "q.issued_on", kind="date", sort=True),
            Column("days", "q.days", kind="int", sort=True),
            Column("age", "q.age", kind="tag"),
            Column("moved_at", MOVED, kind="date"),
            Column(
                "balance_fen", "q.balance_fen", kind="money", sort=True,
                link="/reports/entries?batch={batch_id}&division={code}&kinds={kind_code}{whose}",
            ),
        ),
        filters=(
            Filter("age", "q.age = {}", choices=("short", "long")),
            *_filters(By.COUNTY, scope),
            Filter("kind", "q.kind = {}", choices=UNSPENT),
        ),
    )  # fmt: skip


_FIGURES = {m.name: m.kinds for m in MEASURES} | {
    "project_fen": tuple(k for k in MEASURES[0].kinds if k not in {"cash", "issuing", "issued", "returned"}),
}


def _array(kinds: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{k}'" for k in kinds) + "]"


_KINDS = " ".join(f"WHEN '{name}' THEN {_array(kinds)}" for name, kinds in _FIGURES.items())
# A number that names no quarter (20269) finds what its arithmetic says, and never an error of the database.
_FIRST = (
    "(DATE '2000-01-01' + make_interval(months => (least({} / 10, 9000) - 2000) * 12 + ({} % 10 - 1) * 3))"
    " AT TIME ZONE 'Asia/Shanghai'"
)

# The ledger's own list, narrowed by what a report's row stands for.
BEHIND = dataclasses.replace(
    ENTRIES,
    filters=(
        *ENTRIES.filters,
        Filter("figure", f"e.kind = ANY (CASE {{}}::text {_KINDS} END)", choices=tuple(_FIGURES)),
        Filter("category", "coalesce(nullif(p.category, ''), 'none') = {}", kind="text"),
        Filter("quarter", f"e.posted_at >= {_FIRST} AND e.posted_at < {_FIRST} + interval '3 months'", kind="int"),
        Filter("booked", "extract(year FROM e.posted_at AT TIME ZONE 'Asia/Shanghai') = {}", kind="int"),
        Filter("fund_kind", "b.fund_kind = {}", choices=FUNDS),
        Filter("year", "extract(year FROM b.issued_on) = {}", kind="int"),
        Filter("unbound", "e.project IS NULL", kind="flag"),
    ),
    _counts=Counts(),
)
