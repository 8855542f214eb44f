"""The figures of reports, each a sum that the ledger's postings keep: of houses, of places, months and projects.

One statement a report, over some hundred or thousand sums instead of millions of entries; only what is asked of
one village is added up from its accounts and entries. Every row knows the address of the entries behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from allocation.reports.rules import ALL, MEASURES, UNSPENT, By, Measure, after_years
from quzhou_migrants.kernel.actor import code_range, trimmed
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
COUNTY_DIGITS, TOWNSHIP_DIGITS = 6, 9
_QUARTER = "(extract(year FROM {day}) * 10 + extract(quarter FROM {day}))::bigint"
QUARTER = _QUARTER.format(day="e.posted_at AT TIME ZONE 'Asia/Shanghai'")
_KEYS = {
    By.COUNTY: "rpad(left(b.division_code, CASE WHEN b.division_code LIKE '____00%' THEN 4 ELSE 6 END), 12, '0')",
    By.TOWNSHIP: "left(b.division_code, 9) || '000'",
    By.BATCH: "b.batch",
    By.PROJECT: "b.project",
    By.CATEGORY: "coalesce(nullif(p.category, ''), 'none')",
    By.QUARTER: QUARTER,
}
# Whole counties are added up by the ledger already, townships by the sums of these reports.
_HOUSES = {By.COUNTY: "t.division_code", By.BATCH: "t.batch"}
WHOLE_COUNTY = ("", "000000")
_PLACES = {
    By.COUNTY: _KEYS[By.COUNTY].replace("b.", "s."),
    By.TOWNSHIP: "s.division_code",
    By.BATCH: "s.batch",
    By.CATEGORY: "s.category",
}
_MONTHS = _QUARTER.format(day="s.month")
VILLAGE_DIGITS = "000"  # what no code of a village ends with
_IDS = {By.COUNTY: "x.key::bigint", By.TOWNSHIP: "x.key::bigint", By.CATEGORY: "hashtextextended(x.key, 0)"}
# Money of a place above the rows' own level: its own account, not everything below it.
_OF_CITY = "CASE WHEN x.key LIKE '____00000000' THEN '&level=city' ELSE '' END"
_OF_ABOVE = (
    "CASE WHEN x.key LIKE '____00000000' THEN '&level=city'"
    " WHEN x.key LIKE '______000000' THEN '&level=county' ELSE '' END"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about: a division, one batch, one fund, batches of a year, postings of a year (0, '': all).

    Every value was checked when the address was read: they are written into the statement, so that the
    planner sees them.
    """

    division: str = ""
    batch: int = 0
    fund: str = ""
    year: int = 0
    booked: int = 0
    projects: tuple[int, ...] = ()  # only these: a chart need not work out the rest; no part of an address

    @property
    def query(self) -> str:
        """Write what narrows the report as the end of an address."""
        parts = [("batch", self.batch), ("fund_kind", self.fund), ("year", self.year), ("booked", self.booked)]
        return "".join(f"&{name}={value}" for name, value in parts if value)

    def conditions(self, alias: str) -> str:
        """Write what narrows the accounts or entries of a report."""
        parts = ["true"]
        if self.division:
            lo, hi = code_range(self.division)
            parts.append(f"{alias}.division_code >= '{lo}' AND {alias}.division_code < '{hi}'")
        if self.batch:
            parts.append(f"{alias}.batch = {self.batch}")
        if self.fund or self.year:
            wanted = [f"a.fund_kind = '{self.fund}'"] if self.fund else []
            wanted += [f"extract(year FROM a.issued_on) = {self.year}"] if self.year else []
            parts.append(f"{alias}.batch IN (SELECT a.id FROM allocation_batch a WHERE {' AND '.join(wanted)})")  # noqa: S608 - checked values
        if self.booked and alias == "e":
            since = f"TIMESTAMPTZ '{self.booked}-01-01 00:00+08'"
            parts.append(f"e.posted_at >= {since} AND e.posted_at < {since} + interval '1 year'")
        return " AND ".join(parts)

    def cut(self, name: str) -> str:
        """Write what narrows one cut of the sums."""
        parts = [f"s.cut = '{name}'", self.conditions("s")]
        if self.booked and name in {"month", "house"}:
            parts.append(f"s.month BETWEEN DATE '{self.booked}-01-01' AND DATE '{self.booked}-12-01'")
        if self.projects:
            parts.append(f"s.project IN ({', '.join(map(str, self.projects))})")
        return " AND ".join(parts)


def _added(measure: Measure) -> str:
    return " + ".join(f"s.{kind}_fen" for kind in measure.kinds)


def _by_place_or_project(key: str, scope: Scope, cut: str) -> str:
    """Write the rows of a report out of the sums; places and projects without money are left out."""
    figures = ", ".join(f"fen_sum({_added(m)}) AS {m.name}" for m in MEASURES)
    return (
        f"SELECT {key} AS key, {figures} FROM allocation_sum s WHERE {scope.cut(cut)} GROUP BY 1"  # noqa: S608 - checked values
        f" HAVING fen_sum({_added(MEASURES[0])}) <> 0"
    )


def _by_month(scope: Scope) -> str:
    """Write the quarters out of the sums of months, of whole counties if they do: first month by month."""
    cut = scope.cut("house" if scope.division[COUNTY_DIGITS:] in WHOLE_COUNTY else "month")
    kinds = ", ".join(f"fen_sum(s.{kind}_fen) AS {kind}_fen" for kind in ALL)
    figures = ", ".join(f"fen_sum({_added(m)}) AS {m.name}" for m in MEASURES)
    months = f"SELECT s.month, {kinds} FROM allocation_sum s WHERE {cut} GROUP BY 1"  # noqa: S608 - checked values
    return f"SELECT {_MONTHS} AS key, {figures} FROM ({months}) s GROUP BY 1"  # noqa: S608 - our own text


def _sums() -> str:
    made = []
    for m in MEASURES:
        kinds = ", ".join(f"'{k}'" for k in m.kinds)
        made.append(f"coalesce(sum(k.fen) FILTER (WHERE k.kind IN ({kinds})), 0)::bigint AS {m.name}")
    return ", ".join(made)


@lru_cache(maxsize=256)
def pivot(by: By, scope: Scope) -> str:
    """Write the rows of a report: a key and its figures. Units: fen."""
    if by is By.PROJECT:
        unbound = _of_accounts("b.project", scope, " AND b.project = 0")
        return f"{unbound} UNION ALL {_by_place_or_project('s.project', scope, 'project')}"
    if by in _HOUSES and scope.division[COUNTY_DIGITS:] in WHOLE_COUNTY:
        inner = (
            f"SELECT {_HOUSES[by]} AS key, t.kind, sum(t.total_fen) AS fen FROM allocation_total t"  # noqa: S608 - checked values
            f" WHERE {scope.conditions('t')} GROUP BY 1, 2"
        )
        return f"SELECT k.key, {_sums()} FROM ({inner}) k GROUP BY k.key"  # noqa: S608 - our own text
    if not scope.division or scope.division.endswith(VILLAGE_DIGITS):
        return _by_month(scope) if by is By.QUARTER else _by_place_or_project(_PLACES[by], scope, "place")
    if by is By.QUARTER:
        inner = f"SELECT {QUARTER} AS key, e.kind, sum(e.amount_fen) AS fen FROM allocation_entry e WHERE {scope.conditions('e')} GROUP BY 1, 2"  # noqa: S608, E501 - checked values
        return f"SELECT k.key, {_sums()} FROM ({inner}) k GROUP BY k.key"  # noqa: S608 - our own text
    return _of_accounts(_KEYS[by], scope)


def _of_accounts(key: str, scope: Scope, further: str = "") -> str:
    """Write the rows of a report out of the accounts themselves: of one village, or of money no project has."""
    join = " LEFT JOIN projects_project p ON p.id = b.project" if "p." in key else ""
    return (
        f"SELECT k.key, {_sums()} FROM (SELECT {key} AS key, b.kind, sum(b.balance_fen) AS fen FROM allocation_balance b{join}"  # noqa: S608, E501 - checked values
        f" WHERE b.balance_fen <> 0{further} AND {scope.conditions('b')} GROUP BY 1, 2) k GROUP BY k.key"
    )


def _behind(by: By, scope: Scope) -> str:
    """Write the address of the entries behind a row, in SQL; the column adds which figure."""
    depth = len(trimmed(scope.division)) if scope.division else 0
    inside = f"division={scope.division}" if scope.division else ""
    ways = {
        By.COUNTY: f"'{inside}'" if depth >= COUNTY_DIGITS else f"'division=' || x.key || {_OF_CITY}",
        By.TOWNSHIP: f"'{inside}'" if depth >= TOWNSHIP_DIGITS else f"'division=' || x.key || {_OF_ABOVE}",
        By.BATCH: f"'{inside}&batch=' || x.key",
        By.PROJECT: f"'{inside}' || CASE WHEN x.key = 0 THEN '&unbound=1' ELSE '&project=' || x.key END",
        By.CATEGORY: f"'{inside}&category=' || x.key",
        By.QUARTER: f"'{inside}&quarter=' || x.key",
    }
    return f"{ways[by]} || '{scope.query}'"


_BATCH = " LEFT JOIN allocation_batch b ON b.id = x.key"
# Names are looked up for the rows of a page alone, so that nothing stands between sorting and its limit.
_OF_PROJECT = "(SELECT p.{} FROM projects_project p WHERE p.id = x.key)"


@lru_cache(maxsize=256)
def source(by: By, scope: Scope) -> str:
    """Write the rows of a report as a list reads them: with an id, an address, a rate and what names the row."""
    nothing = CATALOGUE.text("reports.no_project").replace("'", "''")
    named = {
        By.BATCH: "b.doc_no AS title, b.fund_kind, b.issued_on",
        By.PROJECT: f"coalesce({_OF_PROJECT.format('title')}, '{nothing}') AS title,"
        f" {_OF_PROJECT.format('code')} AS code, {_OF_PROJECT.format('division_code')} AS division_code",
    }.get(by, "x.key AS title")
    rate = "CASE WHEN x.total_fen > 0 THEN x.spent_fen * 10000 / x.total_fen END AS rate_bp"
    columns = f"{_IDS.get(by, 'x.key')} AS id, {_behind(by, scope)} AS behind, {rate}, {named}"
    return f"(SELECT x.*, {columns} FROM ({pivot(by, scope)}) x{_BATCH if by is By.BATCH else ''}) q"  # noqa: S608 - our own text


async def totals(tx: Tx, scope: Scope, by: By = By.COUNTY) -> Row:
    """Add up every figure of a report. Units: fen."""
    sums = ", ".join(f"coalesce(sum(x.{m.name}), 0)::bigint AS {m.name}" for m in MEASURES)
    row = await tx.conn.fetchrow(f"SELECT {sums} FROM ({pivot(by, scope)}) x")  # noqa: S608 - our own text
    return dict(row or {})


async def largest_projects(tx: Tx, scope: Scope, limit: int) -> tuple[int, ...]:
    """Name the projects with most money, the largest first."""
    found = await tx.conn.fetch(
        f"SELECT s.project FROM allocation_sum s WHERE {scope.cut('project')} GROUP BY 1"  # noqa: S608 - checked values
        f" ORDER BY fen_sum({_added(MEASURES[0])}) DESC, 1 LIMIT {limit}"
    )
    return tuple(r["project"] for r in found) or (0,)


async def rows(tx: Tx, by: By, scope: Scope, *, limit: int, largest: bool = False) -> list[Row]:
    """List the rows of a report, by their id or the largest first."""
    if largest and by is By.PROJECT:  # of a hundred thousand projects only those that are shown are worked out
        scope = replace(scope, projects=scope.projects or await largest_projects(tx, scope, limit))
    order = "q.total_fen DESC, q.id" if largest else "q.id"
    found = await tx.conn.fetch(f"SELECT * FROM {source(by, scope)} ORDER BY {order} LIMIT {limit}")  # noqa: S608 - our own text
    return [dict(r) for r in found]


# ---- available, planned, paid -------------------------------------------------------------------------------

_PLAN_KEYS = {
    By.COUNTY: "left(i.division_code, 6) || '000000'",
    By.TOWNSHIP: "left(i.division_code, 9) || '000'",
    By.CATEGORY: "coalesce(nullif(p.category, ''), 'none')",
}
COMPARED = ("project_fen", "planned_fen", "awarded_fen", "paid_fen")


@lru_cache(maxsize=256)
def compared(by: By, scope: Scope) -> str:
    """Write the rows that set money for projects beside what plans name and what was paid. Units: fen.

    The plans are those in force: items that stand in an approved plan, of the year asked for. A plan names no
    batch and no fund, so neither narrows the comparison: one side would be a part, the other the whole.
    """
    scope = replace(scope, batch=0, fund="")
    wanted = ["i.standing"]
    if scope.division:
        lo, hi = code_range(scope.division)
        wanted.append(f"i.division_code >= '{lo}' AND i.division_code < '{hi}'")
    if scope.year:
        wanted.append(f"q.year = {scope.year}")
    plans = (
        f"SELECT {_PLAN_KEYS[by]} AS key, sum(i.amount_fen)::bigint AS planned_fen FROM projects_plan_item i"  # noqa: S608 - checked values
        " JOIN projects_plan q ON q.id = i.plan JOIN projects_project p ON p.id = i.project"
        f" WHERE {' AND '.join(wanted)} GROUP BY 1"
    )
    money = (
        "SELECT x.key, x.total_fen - x.cash_fen - x.returned_fen AS project_fen, x.free_fen, x.awarded_fen, x.paid_fen"  # noqa: S608 - our own text
        f" FROM ({pivot(by, scope)}) x"
    )
    zero = ", ".join(
        f"coalesce(m.{n}, 0)::bigint AS {n}" for n in ("project_fen", "free_fen", "awarded_fen", "paid_fen")
    )
    both = f"SELECT coalesce(m.key, n.key) AS key, {zero}, coalesce(n.planned_fen, 0)::bigint AS planned_fen FROM ({money}) m FULL JOIN ({plans}) n ON n.key = m.key"  # noqa: S608, E501 - our own text
    gap = "x.project_fen - x.planned_fen AS gap_fen, x.planned_fen - x.paid_fen AS unpaid_fen"
    rate = "CASE WHEN x.planned_fen > 0 THEN x.paid_fen * 10000 / x.planned_fen END AS rate_bp"
    columns = f"{_IDS[by]} AS id, {_behind(by, scope)} AS behind, x.key AS title, {gap}, {rate}"
    return f"(SELECT x.*, {columns} FROM ({both}) x) q"  # noqa: S608 - our own text


async def compared_totals(tx: Tx, by: By, scope: Scope) -> Row:
    """Add up the comparison, all its rows. Units: fen."""
    sums = ", ".join(f"coalesce(sum(q.{n}), 0)::bigint AS {n}" for n in (*COMPARED, "free_fen"))
    row = await tx.conn.fetchrow(f"SELECT {sums} FROM {compared(by, scope)}")  # noqa: S608 - our own text
    return dict(row or {})


async def compared_rows(tx: Tx, by: By, scope: Scope, *, limit: int) -> list[Row]:
    """List the rows of the comparison, by their id. Units: fen."""
    found = await tx.conn.fetch(f"SELECT * FROM {compared(by, scope)} ORDER BY q.id LIMIT {limit}")  # noqa: S608 - our own text
    return [dict(r) for r in found]


# ---- idle ----------------------------------------------------------------------------------------------------

_UNSPENT = ", ".join(f"'{k}'" for k in UNSPENT)


def _aged(today: date, after: tuple[int, int]) -> tuple[str, str]:
    """Write how old a batch's money is, and that it is old enough, in SQL."""
    short, long = (f"DATE '{after_years(today, -n)}'" for n in after)
    return f"CASE WHEN a.issued_on < {long} THEN 'long' ELSE 'short' END AS age", f"a.issued_on < {short}"


@lru_cache(maxsize=64)
def idle(today: date, after: tuple[int, int], scope: Scope) -> str:
    """Write every account whose money was notified longer ago than the pack's first years and is not spent.

    The age counts from the notice, so that moving money about does not make it young again; the day it last
    moved stands beside it.
    """
    age, old = _aged(today, after)
    return (
        "(SELECT b.id, b.batch, b.division_code, nullif(b.project, 0) AS project, b.kind, b.earmark,"  # noqa: S608 - checked values
        f" b.balance_fen, a.doc_no, a.issued_on, a.fund_kind, (DATE '{today}' - a.issued_on) AS days, {age}"
        " FROM allocation_balance b JOIN allocation_batch a ON a.id = b.batch"
        f" WHERE b.balance_fen > 0 AND b.kind IN ({_UNSPENT}) AND {old} AND {scope.conditions('b')}) q"
    )


@lru_cache(maxsize=64)
def _idle_places(today: date, after: tuple[int, int], scope: Scope, kind: str) -> str:
    """Write idle money by place and age: of whole counties out of the ledger's totals, else out of accounts."""
    age, old = _aged(today, after)
    whole = scope.division[COUNTY_DIGITS:] in WHOLE_COUNTY
    kinds = f"'{kind}'" if kind in UNSPENT else _UNSPENT
    key, fen, table, x = (
        ("t.division_code", "t.total_fen", "allocation_total", "t")
        if whole
        else (_KEYS[By.COUNTY], "b.balance_fen", "allocation_balance", "b")
    )
    return (
        f"SELECT {key} AS key, {age}, sum({fen})::bigint AS fen FROM {table} {x}"  # noqa: S608 - checked values
        f" JOIN allocation_batch a ON a.id = {x}.batch WHERE {x}.kind IN ({kinds}) AND {old}"
        f" AND {scope.conditions(x)} GROUP BY 1, 2 HAVING sum({fen}) <> 0 ORDER BY 1, 2"
    )


# Only for the rows of a page: the project's name, and when an account last moved, by the index of accounts.
TITLE = "(SELECT p.title FROM projects_project p WHERE p.id = q.project)"
_LAST = (
    "(SELECT e.posted_at FROM allocation_entry e WHERE e.batch = q.batch AND e.division_code = q.division_code"
    " AND e.kind = q.kind AND e.project {of} AND e.earmark = q.earmark ORDER BY e.project DESC, e.id DESC LIMIT 1)"
)
MOVED = f"CASE WHEN q.project IS NULL THEN {_LAST.format(of='IS NULL')} ELSE {_LAST.format(of='= q.project')} END"


def idle_years(policy: Policies) -> tuple[int, int]:
    """Read after how many years money counts as idle, and as long idle."""
    short, long = policy.get("allocation.reports.idle_years")
    return int(short), int(long)


async def idle_sums(tx: Tx, scope: Scope, kind: str = "") -> list[Row]:
    """Add up idle money, of one kind or of all, by county (or the city) and age. Shape: key, age, fen."""
    return [dict(r) for r in await tx.conn.fetch(_idle_places(tx.today, idle_years(tx.policy), scope, kind))]


async def idle_rows(tx: Tx, scope: Scope, *, limit: int, where: str = "", values: Sequence[Any] = ()) -> list[Row]:
    """List idle accounts, the oldest money first; `where` are the conditions of a list with their values."""
    found = await tx.conn.fetch(
        f"SELECT q.*, {TITLE} AS title, {MOVED} AS moved_at"  # noqa: S608 - our own text
        f" FROM {idle(tx.today, idle_years(tx.policy), scope)}{where}"
        f" ORDER BY q.issued_on, q.id LIMIT {limit}",
        *values,
    )
    return [dict(r) for r in found]


async def idle_total(tx: Tx, scope: Scope, where: str, values: Sequence[Any]) -> Fen:
    """Add up the idle accounts that the conditions of a list leave. Units: fen."""
    source = idle(tx.today, idle_years(tx.policy), scope)
    total = await tx.conn.fetchval(f"SELECT coalesce(sum(q.balance_fen), 0)::bigint FROM {source}{where}", *values)  # noqa: S608 - as above
    return int(total)


async def batches(tx: Tx) -> list[tuple[str, str]]:
    """Offer the booked batches in sight by their document numbers."""
    found = await tx.conn.fetch(
        "SELECT id::text AS id, doc_no FROM allocation_batch WHERE state NOT IN ('draft', 'submitted')"
        " ORDER BY issued_on DESC, id DESC LIMIT 200"
    )
    return [(r["id"], r["doc_no"]) for r in found]


async def years(tx: Tx) -> list[tuple[str, str]]:
    """Offer the years in which batches were notified, the newest first."""
    found = await tx.conn.fetch(
        "SELECT DISTINCT extract(year FROM issued_on)::int::text AS year FROM allocation_batch"
        " WHERE state NOT IN ('draft', 'submitted') ORDER BY 1 DESC"
    )
    return [(r["year"], r["year"]) for r in found]
