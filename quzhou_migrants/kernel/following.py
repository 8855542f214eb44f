"""Rows that follow a division to its successor: the living rows move, what was written for ever stays.

An append-only row keeps the old code; `walls` lets the successor's range read it.
"""

from __future__ import annotations

from collections.abc import Iterable

from quzhou_migrants.kernel.tables import BUSINESS
from quzhou_migrants.kernel.tx import Tx


def living(prefix: str, *, but: Iterable[str] = ()) -> list[str]:
    """Name the tables of a package whose rows may change, in a fixed order."""
    left = set(but)
    kept = {t for t, wall in BUSINESS.items() if not (wall.append_only or wall.derived)}
    return sorted(t for t in kept - left if t.startswith(prefix))


async def follow(tx: Tx, tables: Iterable[str], old: str, new: str) -> dict[str, int]:
    """Move the rows of some tables, and the files of those rows, to the successor.

    Shape: {table: rows moved}, tables without rows left out. Both codes lie in the caller's range.
    """
    moved: dict[str, int] = {}
    named = list(tables)
    for table in named:
        await _move(tx, moved, table, f"UPDATE {table} SET division_code = $2 WHERE division_code = $1", old, new)  # noqa: S608 - tables we declared
    files = "UPDATE kernel_file SET division_code = $2 WHERE division_code = $1 AND owner_table = ANY($3)"
    await _move(tx, moved, "kernel_file", files, old, new, named)
    return moved


async def _move(tx: Tx, moved: dict[str, int], table: str, sql: str, *params: object) -> None:
    count = int((await tx.conn.execute(sql, *params)).rpartition(" ")[2])
    if count:
        moved[table] = count


async def count(tx: Tx, tables: Iterable[str], code: str) -> dict[str, int]:
    """Count the rows of some tables in one division. Shape: {table: rows}, empty tables left out."""
    parts = [f"SELECT '{t}' AS name, count(*) AS rows FROM {t} WHERE division_code = $1" for t in tables]  # noqa: S608 - tables we declared
    rows = await tx.conn.fetch(" UNION ALL ".join(parts), code)
    return {r["name"]: r["rows"] for r in rows if r["rows"]}
