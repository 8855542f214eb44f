"""What waits on the home page: sheets that were checked and want a decision."""

from __future__ import annotations

from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.permissions import P

MOST = 10


async def waiting(tx: Tx) -> list[Task]:
    """List checked sheets."""
    if not tx.actor.may(P.IMPORT):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, file_name, division_code FROM register_import WHERE state = 'checked' ORDER BY id LIMIT $1", MOST
    )
    return [
        Task(r["file_name"], f"/register/imports/{r['id']}", None, r["division_code"], "register.import") for r in rows
    ]
