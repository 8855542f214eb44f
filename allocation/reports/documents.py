"""The reports as official papers: the same rows and sums as on the page, with places for signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from allocation.reports import queries
from allocation.reports.listing import idle_list
from allocation.reports.queries import Row, Scope
from allocation.reports.rules import MEASURES, By, rate_bp
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Grid, Signs, Text
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.listing_query import read_asked

Cells = tuple[str, ...]
PRINTED = tuple(m.name for m in MEASURES if m.name not in {"spent_fen", "claimed_fen"})
COMPARED = ("project_fen", "free_fen", "planned_fen", "awarded_fen", "paid_fen")


def _t(key: str) -> str:
    return CATALOGUE.text(f"reports.{key}")


def _figure(name: str, of: str = "use") -> str:
    return CATALOGUE.text(f"list.{of}.{name}").removesuffix(CATALOGUE.text("list.in_yuan"))


def _percent(bp: int | None) -> str:
    return "" if bp is None else f"{bp / 100:.2f}%"


def row_name(row: Row, by: By, known: Places) -> str:
    """Name a row of a report as the page names it."""
    if by in {By.COUNTY, By.TOWNSHIP}:
        return known.name(row["key"])
    if by is By.CATEGORY:
        own = f"list.use.category.{row['key']}"
        said = CATALOGUE.text(own)
        return CATALOGUE.text(f"list.category.{row['key']}") if said == own else said
    if by is By.QUARTER:
        year, number = divmod(int(row["key"]), 10)
        return _t("quarter").format(year=year, number=number)
    return str(row["title"])


async def _about(tx: Tx, scope: Scope, known: Places, *more: str) -> Text:
    """Say what narrows the figures, when they were taken and in what unit."""
    batch = await tx.conn.fetchval("SELECT doc_no FROM allocation_batch WHERE id = $1", scope.batch) or ""
    parts = [
        known.name(scope.division or tx.actor.division_code),
        batch,
        CATALOGUE.text(f"fund.{scope.fund}") if scope.fund else "",
        _t("of_year").format(year=scope.year) if scope.year else "",
        _t("booked_year").format(year=scope.booked) if scope.booked else "",
        *more,
        _t("as_of").format(at=f"{shanghai(tx.now):%Y-%m-%d %H:%M}"),
        _t("unit"),
    ]
    return Text("　".join(p for p in parts if p), small=True, indent=False)


def _document(title: str, about: Text, grid: Grid, tx: Tx, cut: int | None) -> Document:
    blocks: list[Block] = [about, grid]
    if cut is not None:
        blocks.append(Text(_t("cut").format(most=cut), small=True, indent=False))
    blocks.append(Signs((_t("made_by"), _t("checked_by"), _t("head"), _t("on"))))
    return Document(title, tuple(blocks), author=tx.actor.org_name, footer=f"{tx.actor.org_name} {tx.today}", wide=True)


def most(tx: Tx) -> int:
    """Give how many rows one paper carries."""
    return tx.policy.whole("allocation.reports.printed_rows")


def _ruled(head: Sequence[str], rows: list[Cells], *, widths: tuple[float, ...], figures_from: int) -> Grid:
    right = frozenset(range(figures_from, len(head)))
    return Grid(tuple(head), tuple(rows), widths, right, total=True)


async def use_paper(tx: Tx, by: By, scope: Scope) -> Document:
    """Print the use of money by one kind of row; the last line is the sum of all rows."""
    known, limit = await places(tx), most(tx)
    found = await queries.rows(tx, by, scope, limit=limit + 1, largest=by is By.PROJECT)
    whole = await queries.totals(tx, scope, by)
    lines = [_use_line(row_name(r, by, known), r) for r in found[:limit]]
    lines.append(_use_line(_t("sum"), whole))
    head = (_t(f"by.{by.value}"), *(_figure(n) for n in PRINTED), _figure("rate_bp"))
    grid = _ruled(head, lines, widths=(2.2, *(1.5 for _ in PRINTED), 0.9), figures_from=1)
    title = _t("title.use").format(by=_t(f"by.{by.value}"))
    return _document(title, await _about(tx, scope, known), grid, tx, limit if len(found) > limit else None)


def _use_line(name: str, row: Row) -> Cells:
    return (
        name,
        *(yuan(int(row[n])) for n in PRINTED),
        _percent(rate_bp(int(row["spent_fen"]), int(row["total_fen"]))),
    )


async def plan_paper(tx: Tx, by: By, scope: Scope) -> Document:
    """Print money for projects beside plans and payments."""
    known, limit = await places(tx), most(tx)
    scope = replace(scope, batch=0, fund="")
    found = await queries.compared_rows(tx, by, scope, limit=limit + 1)
    sums = await queries.compared_totals(tx, by, scope)
    lines = [_plan_line(row_name(r, by, known), r) for r in found[:limit]]
    lines.append(_plan_line(_t("sum"), sums))
    head = (_t(f"by.{by.value}"), *(_figure(n, "planned") for n in (*COMPARED, "gap_fen", "unpaid_fen", "rate_bp")))
    grid = _ruled(head, lines, widths=(1.8, *(1.5 for _ in range(7)), 0.9), figures_from=1)
    return _document(_t("title.plan"), await _about(tx, scope, known), grid, tx, limit if len(found) > limit else None)


def _plan_line(name: str, row: Row) -> Cells:
    gap, unpaid = row["project_fen"] - row["planned_fen"], row["planned_fen"] - row["paid_fen"]
    return (
        name,
        *(yuan(int(row[n])) for n in COMPARED),
        yuan(int(gap)),
        yuan(int(unpaid)),
        _percent(rate_bp(int(row["paid_fen"]), int(row["planned_fen"]))),
    )


async def idle_paper(tx: Tx, scope: Scope, params: Mapping[str, str] | None = None) -> Document:
    """Print idle money, the oldest first, and its sum: the rows that the page lists for the same address."""
    known, limit = await places(tx), most(tx)
    listing = idle_list(tx.today, queries.idle_years(tx.policy), scope)
    asked = read_asked(listing, params or {}, {})
    sql = listing.narrowed(tx, asked, None)
    found = await queries.idle_rows(tx, scope, limit=limit + 1, where=sql.where, values=sql.params)
    total = await queries.idle_total(tx, scope, sql.where, sql.params)
    lines = [_idle_line(r, known) for r in found[:limit]]
    lines.append((_t("sum"), "", "", "", "", "", yuan(total)))
    head = tuple(
        _figure(n, "idle") for n in ("doc_no", "place", "project_title", "kind", "days", "moved_at", "balance_fen")
    )
    grid = Grid(head, tuple(lines), (2.2, 1.4, 2.6, 1, 0.8, 1.1, 1.5), frozenset({4, 6}), total=True)
    age, kind = asked.values.get("age"), asked.values.get("kind")
    more = (_t(f"age.{age}") if age else "", CATALOGUE.text(f"ledger.{kind}") if kind else "")
    return _document(
        _t("title.idle"), await _about(tx, scope, known, *more), grid, tx, limit if len(found) > limit else None
    )


def _idle_line(row: Row, known: Places) -> Cells:
    moved: Any = row["moved_at"]
    return (
        row["doc_no"],
        known.name(row["division_code"]),
        row["title"] or "",
        CATALOGUE.text(f"ledger.{row['kind']}"),
        str(row["days"]),
        f"{shanghai(moved):%Y-%m-%d}" if moved else "",
        yuan(row["balance_fen"]),
    )
