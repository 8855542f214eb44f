"""Reads of the budget room: batches, balances, entries, awards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from allocation.budget.ledger import REACHED, Kind
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import start_of_day
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

Row = dict[str, Any]
CODE_DIGITS, TOWNSHIP_DIGITS, COUNTY_DIGITS, MOST_DIGITS = 12, 9, 6, 19

# The columns of every overview, in the order money passes them.
COLUMNS = (
    Kind.NOTIFIED,
    Kind.INTEREST,
    Kind.CASH,
    Kind.ISSUING,
    Kind.ISSUED,
    Kind.AVAILABLE,
    Kind.EARMARKED,
    Kind.COMPETING,
    Kind.PLANNED,
    Kind.AWARDED,
    Kind.CONTRACTED,
    Kind.CLAIMED,
    Kind.PAID,
    Kind.RETURNED,
)
SOURCES = (Kind.NOTIFIED, Kind.INTEREST)
WAYS = ("in", "out")
WHOLE_COUNTY = ("", "000000")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of an overview and the kinds it adds up, which its drill-down lists. Units: fen."""

    kind: Kind
    fen: Fen
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """One line of an overview: a batch, a division or a project, and its figures in column order."""

    key: str
    title: str
    figures: tuple[Figure, ...]


async def batch(tx: Tx, batch_id: int, *, lock: bool = False) -> Row:
    """Read one batch, held for this transaction if asked. Raises: Refused KRN-404."""
    tail = " FOR UPDATE" if lock else ""
    row = await tx.conn.fetchrow(f"SELECT * FROM allocation_batch WHERE id = $1{tail}", batch_id)  # noqa: S608 - our own tail
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def available(tx: Tx, division_code: str, *, lock: bool = False) -> list[Row]:
    """List what a division itself can still give out, the batch recorded first before the others.

    Shape: rows with batch, doc_no, title, fen. `lock` holds the accounts for this transaction, in
    the order in which a posting locks them.
    """
    if lock:
        await tx.conn.execute(
            "SELECT 1 FROM allocation_balance WHERE division_code = $1 AND kind = 'available'"
            " ORDER BY batch FOR UPDATE",
            division_code,
        )
    rows = await tx.conn.fetch(
        "SELECT b.batch, a.doc_no, a.title, b.balance_fen AS fen FROM allocation_balance b"
        " JOIN allocation_batch a ON a.id = b.batch"
        " WHERE b.division_code = $1 AND b.kind = 'available' AND b.balance_fen > 0 ORDER BY b.batch",
        division_code,
    )
    return [dict(r) for r in rows]


_POTS = (
    "SELECT b.batch, b.division_code, b.kind, b.earmark, b.balance_fen AS fen, CASE WHEN b.earmark <> 0"
    " THEN 'earmark' WHEN b.division_code = $2 THEN 'township' ELSE 'county' END AS pot"
    " FROM allocation_balance b WHERE b.division_code = ANY ($1) AND b.project = 0"
    " AND b.kind IN ('available', 'earmarked') AND b.balance_fen > 0 AND (b.earmark = 0 OR EXISTS ("
    "  SELECT 1 FROM allocation_earmark k WHERE k.id = b.earmark AND (k.category = '' OR k.category = $3)"
    "  AND (k.project IS NULL OR k.project = $4) AND (k.place_code = '' OR allocation_inside($5, k.place_code))))"
    " AND (b.division_code <> $2 OR b.kind <> 'available' OR $6 OR NOT EXISTS (SELECT 1 FROM allocation_term_pool t"
    "  WHERE t.division_code = $2 AND t.purpose = 'startup' AND t.state = 'open'))"
    " ORDER BY b.division_code, b.batch, b.kind, b.earmark"
)


async def pots_for(tx: Tx, project: Row, county: str, *, lock: bool = False) -> list[Row]:
    """List the money a county may award to one project, in the order it is drawn.

    Bound money that fits the project, then its township's pool, then the county's own; inside each the batch
    recorded first (the order is a parameter). A start-up pool of the township is for start-ups alone.
    Shape: batch, division_code, kind, earmark, fen, pot.
    """
    order = [str(x) for x in tx.policy_for(county).get("allocation.budget.draw_order")]
    township = project["division_code"][:TOWNSHIP_DIGITS].ljust(CODE_DIGITS, "0")
    rows = await tx.conn.fetch(
        _POTS + (" FOR UPDATE" if lock else ""),
        [county, township],
        township,
        project["category"],
        project["id"],
        project["division_code"],
        project["way"] in tx.policy_for(county).get("projects.intake.startup_ways"),
    )
    return sorted((dict(r) for r in rows if r["pot"] in order), key=lambda r: (order.index(r["pot"]), r["batch"]))


async def balances(tx: Tx, by: str, *, batch_id: int | None = None, project_id: int | None = None) -> list[Overview]:
    """Add up the balances in the caller's range by batch, by city or county, or by project. Units: fen."""
    if by == "project" or project_id is not None or not _whole_houses(tx):
        of = _ANY_PROJECT if project_id is None else _ONE_PROJECT
        rows = await tx.conn.fetch(_OF_ACCOUNTS.format(key=_KEYS[by], of=of), batch_id, project_id)
    else:
        rows = await tx.conn.fetch(_OF_HOUSES.format(key=_HOUSE_KEYS[by]), batch_id)
    found: dict[str, dict[Kind, Fen]] = {}
    for r in rows:
        found.setdefault(r["key"], {})[Kind(r["kind"])] = int(r["fen"])
    titles = await _titles(tx, by, list(found))
    return [Overview(k, titles.get(k, k), figures(money)) for k, money in found.items()]


def _whole_houses(tx: Tx) -> bool:
    """Tell whether the caller's range holds whole counties, so that their totals say what their accounts say."""
    return tx.actor.division_code[COUNTY_DIGITS:] in {"", "0" * (CODE_DIGITS - COUNTY_DIGITS)}


_OF_ACCOUNTS = (
    "SELECT {key} AS key, b.kind, sum(b.balance_fen)::bigint AS fen FROM allocation_balance b"
    " WHERE ($1::bigint IS NULL OR b.batch = $1) AND {of} AND ({key}) IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
)
_ANY_PROJECT, _ONE_PROJECT = "$2::bigint IS NULL", "b.project = $2 AND b.project <> 0"  # the second follows the index
_OF_HOUSES = (
    "SELECT {key} AS key, t.kind, sum(t.total_fen)::bigint AS fen FROM allocation_total t"
    " WHERE ($1::bigint IS NULL OR t.batch = $1) GROUP BY 1, 2 ORDER BY 1"
)
_HOUSE_KEYS = {"batch": "t.batch::text", "division": "t.division_code"}


def figures(money: dict[Kind, Fen]) -> tuple[Figure, ...]:
    """Turn balances by kind into the figures of an overview: money that has come at least so far."""
    made = []
    for kind in COLUMNS:
        kinds = REACHED.get(kind, (kind,))
        fen = sum(money.get(k, 0) for k in kinds)
        made.append(Figure(kind, -fen if kind in SOURCES else fen, kinds))
    return tuple(made)


_KEYS = {
    "batch": "b.batch::text",
    "division": "rpad(left(b.division_code, CASE WHEN b.division_code LIKE '____00%' THEN 4 ELSE 6 END), 12, '0')",
    "project": "nullif(b.project, 0)::text",
}
_TITLES = {
    "batch": "SELECT id::text AS key, doc_no AS title FROM allocation_batch WHERE id = ANY($1::text[]::bigint[])",
    "division": "SELECT code AS key, name AS title FROM kernel_division WHERE code = ANY($1)",
    "project": "SELECT id::text AS key, title FROM projects_project WHERE id = ANY($1::text[]::bigint[])",
}


async def _titles(tx: Tx, by: str, keys: list[str]) -> dict[str, str]:
    return {r["key"]: r["title"] for r in await tx.conn.fetch(_TITLES[by], keys)}


async def persons_on_register(tx: Tx, division_code: str) -> int:
    """Count the people of cash-support households inside a division."""
    return (await register.counts(tx, [division_code]))[division_code]["cash_migrants"]


async def award_of(tx: Tx, project_id: int) -> Row | None:
    """Read the standing award of a project."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_award WHERE project = $1 AND state = 'standing'", project_id)
    return dict(row) if row else None


async def award(tx: Tx, award_id: int) -> Row:
    """Read one award. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_award WHERE id = $1", award_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def award_parts(tx: Tx, award_id: int) -> list[Row]:
    """List the batches an award was taken from. Shape: batch, doc_no, fen."""
    rows = await tx.conn.fetch(
        "SELECT e.batch, b.doc_no, e.amount_fen AS fen FROM allocation_entry e"
        " JOIN allocation_batch b ON b.id = e.batch"
        " WHERE e.event_key = $1 AND e.kind = 'awarded' ORDER BY e.batch",
        f"award:{award_id}",
    )
    return [dict(r) for r in rows]


async def runs_of_batch(tx: Tx, batch_id: int) -> list[Row]:
    """List the factor runs over a batch that the caller may see."""
    rows = await tx.conn.fetch(
        "SELECT id, title, pool_fen, state FROM allocation_factor_run WHERE batch = $1"
        " AND (state = 'approved' OR (division_code >= $2 AND division_code < $3)) ORDER BY id",
        batch_id,
        *(code_range(tx.actor.division_code) if tx.actor.division_code else ("", "~")),
    )
    return [dict(r) for r in rows]


_ACCOUNTS = (
    " WHERE ($1::bigint IS NULL OR batch = $1) AND ($2::bigint IS NULL OR project = $2)"
    " AND division_code >= $3 AND division_code < $4 AND ($5 = '' OR kind = ANY (string_to_array($5, ',')))"
    " AND (NOT $6 OR division_code LIKE '____00000000') AND ($7::bigint IS NULL OR earmark = $7)"
)
_OVER_BALANCES = (
    "SELECT coalesce(sum(balance_fen), 0) FROM allocation_balance" + _ACCOUNTS + " AND balance_fen <> 0"  # noqa: S608 - pieces of our own
)
# $2, the project, has no say here; it keeps the numbers of the other conditions.
_OVER_HOUSES = (
    "SELECT coalesce(sum(total_fen), 0) FROM allocation_total WHERE ($1::bigint IS NULL OR batch = $1)"
    " AND $2::bigint IS NULL AND division_code >= $3 AND division_code < $4"
    " AND ($5 = '' OR kind = ANY (string_to_array($5, ',')))"
    " AND (NOT $6 OR division_code LIKE '____00000000') AND ($7::bigint IS NULL OR earmark = $7)"
)
_IN_TIME = (
    " AND posted_at >= $8 AND posted_at < $9 AND ($10 = '' OR CASE WHEN amount_fen > 0 THEN 'in' ELSE 'out' END = $10)"
)
_OVER_ENTRIES = "SELECT coalesce(sum(amount_fen), 0) FROM allocation_entry" + _ACCOUNTS + _IN_TIME  # noqa: S608 - pieces of our own


async def entry_sum(tx: Tx, asked: Mapping[str, str]) -> Fen:
    """Add up what a drill-down lists, as its address asks. Units: fen.

    An account's balance is the sum of its entries: while every condition is one on accounts, balances are
    added, the same figure also over millions of entries; a period or a direction needs the entries.
    """
    batch, project, division, kinds = (asked.get(name, "") for name in ("batch", "project", "division", "kinds"))
    lo, hi = code_range(division) if len(division) == CODE_DIGITS and division.isdecimal() else ("", "~")
    accounts = (
        _number(batch), _number(project), lo, hi, kinds, bool(asked.get("own")), _number(asked.get("earmark", "")),
    )  # fmt: skip
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    way = asked.get("way", "")
    if since is None and until is None and way not in WAYS:
        whole = not project and division[COUNTY_DIGITS:] in WHOLE_COUNTY and _whole_houses(tx)
        return int(await tx.conn.fetchval(_OVER_HOUSES if whole else _OVER_BALANCES, *accounts))
    start = start_of_day(since or date(2000, 1, 1))
    end = start_of_day((until or date(2199, 12, 30)) + timedelta(days=1))
    return int(await tx.conn.fetchval(_OVER_ENTRIES, *accounts, start, end, way if way in WAYS else ""))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < MOST_DIGITS else None


async def ledger_faults(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection that sees every row
    """Name every account and house whose stored figure is not the sum of its entries, and every unbalanced event.

    An empty list is what `verify` wants to see.
    """
    accounts = await conn.fetch(
        "SELECT coalesce(e.batch, b.batch) AS batch, coalesce(e.kind, b.kind) AS kind,"
        " coalesce(e.division_code, b.division_code) AS division_code, e.fen, b.balance_fen FROM"
        " (SELECT division_code, batch, coalesce(project, 0) AS project, kind, earmark, sum(amount_fen) AS fen"
        "  FROM allocation_entry GROUP BY 1, 2, 3, 4, 5) e"
        " FULL JOIN allocation_balance b ON (b.division_code, b.batch, b.project, b.kind, b.earmark) ="
        "  (e.division_code, e.batch, e.project, e.kind, e.earmark)"
        " WHERE coalesce(e.fen, 0) <> coalesce(b.balance_fen, 0)"
    )
    events = await conn.fetch(
        "SELECT event_key, sum(amount_fen) AS fen FROM allocation_entry GROUP BY event_key, batch, earmark"
        " HAVING sum(amount_fen) <> 0"
    )
    houses = await conn.fetch(
        "SELECT coalesce(b.code, t.division_code) AS code, coalesce(b.batch, t.batch) AS batch, b.fen, t.fen AS told"
        " FROM (SELECT allocation_county(division_code) AS code, batch, kind, earmark, sum(balance_fen) AS fen"
        "  FROM allocation_balance GROUP BY 1, 2, 3, 4) b FULL JOIN"
        " (SELECT division_code, batch, kind, earmark, sum(total_fen) AS fen FROM allocation_total"
        "  GROUP BY 1, 2, 3, 4) t"
        " ON (b.code, b.batch, b.kind, b.earmark) = (t.division_code, t.batch, t.kind, t.earmark)"
        " WHERE coalesce(b.fen, 0) <> coalesce(t.fen, 0)"
    )
    return [
        f"allocation_balance {r['batch']} {r['division_code']} {r['kind']}: {r['balance_fen']} <> {r['fen']}"
        for r in accounts
    ] + [
        *(f"allocation_entry {r['event_key']}: {r['fen']}" for r in events),
        *(f"allocation_total {r['batch']} {r['code']}: {r['told']} <> {r['fen']}" for r in houses),
    ]
