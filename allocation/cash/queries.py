"""Reads of the cash room. Nothing here writes or decides."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PLACE = "allocation_cash_line.account_cipher"


async def cash_list(tx: Tx, key: int) -> Row:
    """Read one list with the document its money comes from. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT l.*, b.doc_no FROM allocation_cash_list l JOIN allocation_batch b ON b.id = l.batch WHERE l.id = $1",
        key,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def lines(tx: Tx, key: int) -> list[Row]:
    """List the households of a list in their order."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_cash_line WHERE roll = $1 ORDER BY line_no", key)
    return [dict(r) for r in rows]


async def line(tx: Tx, key: int) -> Row:
    """Read one line with its list's state. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT c.*, l.state FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll WHERE c.id = $1",
        key,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def results(tx: Tx, key: int) -> dict[str, tuple[int, int, Fen]]:
    """Count a list by result. Shape: {result: (households, persons, fen)}."""
    rows = await tx.conn.fetch(
        "SELECT result, count(*) AS n, sum(persons)::bigint AS persons, sum(amount_fen)::bigint AS fen"
        " FROM allocation_cash_line WHERE roll = $1 GROUP BY 1",
        key,
    )
    return {r["result"]: (int(r["n"]), int(r["persons"]), int(r["fen"])) for r in rows}


async def findings(tx: Tx, key: int) -> dict[str, int]:
    """Count why households are held back. Shape: {code: households}."""
    rows = await tx.conn.fetch(
        "SELECT finding, count(*) AS n FROM allocation_cash_line WHERE roll = $1 AND finding <> ''"
        " GROUP BY 1 ORDER BY 1",
        key,
    )
    return {r["finding"]: int(r["n"]) for r in rows}


async def pots(tx: Tx, county: str) -> list[Row]:
    """List the batches of which a county still holds money for persons."""
    rows = await tx.conn.fetch(
        "SELECT b.id, b.doc_no, b.title, x.balance_fen AS fen FROM allocation_balance x"
        " JOIN allocation_batch b ON b.id = x.batch"
        " WHERE x.division_code = $1 AND x.kind = 'cash' AND x.project = 0 AND x.balance_fen > 0 ORDER BY b.id",
        county,
    )
    return [dict(r) for r in rows]


async def pot(tx: Tx, county: str, batch: int) -> Fen:
    """Give what a county still holds of a batch for persons. Units: fen."""
    return sum(int(p["fen"]) for p in await pots(tx, county) if p["id"] == batch)


async def has_regular(tx: Tx, county: str, year: int) -> bool:
    """Tell whether a county's regular list of a year is there."""
    return bool(
        await tx.conn.fetchval(
            "SELECT EXISTS (SELECT 1 FROM allocation_cash_list WHERE division_code = $1 AND year = $2"
            " AND kind = 'regular' AND state <> 'discarded')",
            county,
            year,
        )
    )


async def served(tx: Tx, county: str, year: int) -> set[int]:
    """Name the households that stand on a list of the year and are paid, or still may be."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT c.household FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll"
        " WHERE l.division_code = $1 AND l.year = $2 AND l.state <> 'discarded' AND c.result <> 'held'"
        " AND NOT (l.state = 'closed' AND c.result IN ('failed', 'returned'))",
        county,
        year,
    )
    return {r["household"] for r in rows}


async def before(tx: Tx, row: Row) -> dict[str, tuple[str, int]]:
    """Give the regular list of the year before. Shape: {household code: (name, persons)}."""
    rows = await tx.conn.fetch(
        "SELECT c.code, c.name, c.persons FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll"
        " WHERE l.division_code = $1 AND l.year = $2 AND l.kind = 'regular' AND l.state IN ('approved', 'closed')",
        row["division_code"],
        row["year"] - 1,
    )
    return {r["code"]: (r["name"], r["persons"]) for r in rows}


async def require_batch(tx: Tx, batch: int) -> None:
    """Let only a booked batch in sight be named. Raises: Refused ALC-542."""
    if not await tx.conn.fetchval("SELECT true FROM allocation_batch WHERE id = $1 AND state = 'recorded'", batch):
        raise Refused("ALC-542", field="batch")


async def account_of(tx: Tx, line_id: int) -> str:
    """Open the account a line was sent to."""
    cipher = await tx.conn.fetchval("SELECT account_cipher FROM allocation_cash_line WHERE id = $1", line_id)
    return unseal(cipher, PLACE) if cipher else ""
