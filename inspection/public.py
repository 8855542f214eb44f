"""All that other packages may call of inspection."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.tx import Tx


async def open_findings(tx: Tx, project_id: int) -> list[dict[str, Any]]:
    """List what was found wrong at a project and stands until somebody confirms that it is mended, oldest first."""
    rows = await tx.conn.fetch(
        "SELECT id, visit, kind, serious, content, measure, due_on, state FROM inspection_finding"
        " WHERE project = $1 AND state <> 'closed' ORDER BY id",
        project_id,
    )
    return [dict(r) for r in rows]
