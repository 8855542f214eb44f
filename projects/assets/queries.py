"""Reads of the assets room."""

from __future__ import annotations

from typing import Any

from projects.queries import PROJECT
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def kinds_of(tx: Tx, project_id: int) -> set[str]:
    """Tell which kinds of files a project has."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT kind FROM kernel_file WHERE owner_table = $1 AND owner_id = $2", PROJECT, project_id
    )
    return {r["kind"] for r in rows}


async def audit_of(tx: Tx, project_id: int) -> Row | None:
    """Give the audited final account, if there is one."""
    return await _one(tx, "SELECT * FROM projects_final_audit WHERE project = $1", project_id)


async def settled_fen(tx: Tx, project_id: int) -> int:
    """Give what was settled: as audited, else as accepted. Units: fen; 0 before there is a final account."""
    found = await tx.conn.fetchval(
        "SELECT coalesce((SELECT settled_fen FROM projects_final_audit WHERE project = $1),"
        " (SELECT settled_fen FROM projects_acceptance WHERE project = $1), 0)",
        project_id,
    )
    return int(found)


async def open_defects(tx: Tx, project_id: int) -> int:
    """Count the faults of the preliminary acceptance that nobody has confirmed as mended."""
    return int(
        await tx.conn.fetchval(
            "SELECT count(*) FROM projects_defect"
            " WHERE project = $1 AND source = 'pre_accept' AND state <> 'confirmed'",
            project_id,
        )
    )


async def end_of(tx: Tx, project_id: int) -> Row:
    """Gather everything the end of the works left: acceptances, account, faults, warranties, assets."""
    return {
        "pre_acceptances": await _all(
            tx, "SELECT * FROM projects_pre_acceptance WHERE project = $1 ORDER BY id", project_id
        ),
        "audit": await audit_of(tx, project_id),
        "acceptance": await _one(tx, "SELECT * FROM projects_acceptance WHERE project = $1", project_id),
        "handover": await _one(tx, "SELECT * FROM projects_handover WHERE project = $1", project_id),
        "defects": await _all(tx, "SELECT * FROM projects_defect WHERE project = $1 ORDER BY id", project_id),
        "warranties": await _all(tx, "SELECT * FROM projects_warranty WHERE project = $1 ORDER BY id", project_id),
        "assets": await _all(tx, "SELECT * FROM projects_asset WHERE project = $1 ORDER BY id", project_id),
    }


_ASSET = """
SELECT a.*, p.title AS project_title, p.code AS project_code, d.full_name
FROM projects_asset a JOIN projects_project p ON p.id = a.project
JOIN kernel_division d ON d.code = a.division_code WHERE a.id = $1
"""


async def asset(tx: Tx, asset_id: int) -> Row:
    """Give an asset card with the names around it. Raises: Refused KRN-404."""
    found = await _one(tx, _ASSET, asset_id)
    if found is None:
        raise Refused("KRN-404")
    return found


async def shares(tx: Tx, asset_id: int) -> list[Row]:
    """List the owners of an asset."""
    return await _all(tx, "SELECT * FROM projects_asset_share WHERE asset = $1 ORDER BY seq", asset_id)


async def checks(tx: Tx, asset_id: int) -> list[Row]:
    """List the looks at an asset, the latest first."""
    return await _all(
        tx, "SELECT * FROM projects_asset_check WHERE asset = $1 ORDER BY checked_on DESC, id DESC", asset_id
    )


async def row_of(tx: Tx, table: str, key: int) -> Row:
    """Read a row of this room. Raises: Refused KRN-404."""
    found = await _one(tx, f"SELECT * FROM {table} WHERE id = $1", key)  # noqa: S608 - our own tables
    if found is None:
        raise Refused("KRN-404")
    return found


async def lock(tx: Tx, table: str, key: int) -> Row:
    """Lock a row of this room for this transaction. Raises: Refused KRN-404."""
    found = await _one(tx, f"SELECT * FROM {table} WHERE id = $1 FOR UPDATE", key)  # noqa: S608 - our own tables
    if found is None:
        raise Refused("KRN-404")
    return found


async def _one(tx: Tx, text: str, key: int) -> Row | None:
    found = await tx.conn.fetchrow(text, key)
    return dict(found) if found else None


async def _all(tx: Tx, text: str, key: int) -> list[Row]:
    return [dict(r) for r in await tx.conn.fetch(text, key)]
