"""Reads of notices and objections."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
Subject = tuple[str, int, str]
POSTING, OBJECTION = "projects_posting", "projects_objection"

_NAMED = """
SELECT n.*, d.full_name FROM projects_posting n JOIN kernel_division d ON d.code = n.division_code WHERE n.id = $1
"""


async def find(tx: Tx, posting_id: int) -> Row:
    """Give a notice with the name of its place. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_NAMED, posting_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def lock(tx: Tx, posting_id: int) -> Row:
    """Lock a notice. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_posting WHERE id = $1 FOR UPDATE", posting_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def lock_objection(tx: Tx, objection_id: int) -> Row:
    """Lock an objection. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_objection WHERE id = $1 FOR UPDATE", objection_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def objections(tx: Tx, posting_id: int) -> list[Row]:
    """List the objections to a notice, the oldest first."""
    rows = await tx.conn.fetch("SELECT * FROM projects_objection WHERE posting = $1 ORDER BY id", posting_id)
    return [dict(r) for r in rows]


async def of_subject(tx: Tx, subject: Subject) -> list[Row]:
    """List the notices about an object, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_posting WHERE subject_table = $1 AND subject_id = $2 ORDER BY id DESC", *subject[:2]
    )
    return [dict(r) for r in rows]


async def latest(tx: Tx, subject: Subject) -> Row | None:
    """Give the newest notice about an object that was not taken down."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_posting WHERE subject_table = $1 AND subject_id = $2 AND state <> 'cancelled'"
        " ORDER BY id DESC LIMIT 1",
        *subject[:2],
    )
    return dict(row) if row else None


async def objections_open(tx: Tx, subject: Subject) -> int:
    """Count the objections about an object that nobody has answered yet, also those to older notices."""
    return int(
        await tx.conn.fetchval(
            "SELECT count(*) FROM projects_objection o JOIN projects_posting n ON n.id = o.posting"
            " WHERE n.subject_table = $1 AND n.subject_id = $2 AND o.state = 'received'",
            *subject[:2],
        )
    )


async def find_objection(tx: Tx, objection_id: int) -> Row:
    """Give an objection. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_objection WHERE id = $1", objection_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)
