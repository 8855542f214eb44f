"""Reads of site codes: the list, one code, what a scan finds, what goes on boards."""

from __future__ import annotations

from typing import Any

from inspection.site_codes.rules import tidy
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

Row = dict[str, Any]


def _search(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "(c.token = {} OR p.code = {} OR p.title LIKE {})", [tidy(text), text.strip(), f"%{text.strip()}%"]


CODES = Listing(
    "site_codes",
    "inspection_site_code c JOIN projects_project p ON p.id = c.project",
    (
        Column("id", "c.id", shown=False, export=False),
        Column("token", "c.token", link="/codes/{id}"),
        Column("project_code", "p.code"),
        Column("title_", "p.title"),
        Column("division_code", "c.division_code", kind="division"),
        Column("progress_bp", "p.progress_bp", kind="bp"),
        Column("issued_at", "c.issued_at", kind="datetime", sort=True),
        Column("state", "c.state", kind="state", machine="SITE_CODE"),
    ),
    id="c.id",
    scope="c.division_code",
    descending=True,
    search=_search,
    filters=(
        Filter("division", "c.division_code", kind="division"),
        Filter("state", "c.state = {}", machine="SITE_CODE"),
    ),
)


async def find(tx: Tx, code_id: int) -> Row:
    """Give one code with its project's title. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT c.*, p.code AS project_code, p.title, p.state AS project_state, d.full_name"
        " FROM inspection_site_code c JOIN projects_project p ON p.id = c.project"
        " JOIN kernel_division d ON d.code = c.division_code WHERE c.id = $1",
        code_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def active_of(tx: Tx, project_id: int) -> Row | None:
    """Give the active code of a project, or nothing."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM inspection_site_code WHERE project = $1 AND state = 'active'", project_id
    )
    return dict(row) if row else None


async def history(tx: Tx, project_id: int) -> list[Row]:
    """List every code a project ever had, newest first."""
    rows = await tx.conn.fetch("SELECT * FROM inspection_site_code WHERE project = $1 ORDER BY id DESC", project_id)
    return [dict(r) for r in rows]


async def scanned(tx: Tx, code_id: int, token: str) -> Row:
    """Give the code behind a genuine token.

    Raises: Refused INS-102 when we never issued it (a token of another installation).
    """
    row = await tx.conn.fetchrow("SELECT * FROM inspection_site_code WHERE id = $1 AND token = $2", code_id, token)
    if row is None:
        raise Refused("INS-102", field="token")
    return dict(row)


async def printable(tx: Tx, division: str, most: int) -> list[Row]:
    """List the active codes inside a division, in the order of the places, at most `most`."""
    rows = await tx.conn.fetch(
        "SELECT c.* FROM inspection_site_code c WHERE c.state = 'active' AND c.division_code >= $1"
        " AND c.division_code < $2 ORDER BY c.division_code, c.id LIMIT $3",
        *code_range(division),
        most,
    )
    return [dict(r) for r in rows]


async def published(tx: Tx) -> list[tuple[str, str, str]]:
    """List every code of a public project. Shape: (token, project code, state)."""
    rows = await tx.conn.fetch(
        "SELECT c.token, p.code, c.state FROM inspection_site_code c JOIN projects_project p ON p.id = c.project"
    )
    return [(r["token"], r["code"], r["state"]) for r in rows]
