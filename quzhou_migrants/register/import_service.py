"""What a person decides about a checked sheet: bring it in whole, only what is right, or not at all."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.import_work import forget
from quzhou_migrants.register.permissions import P
from quzhou_migrants.register.states import IMPORT
from quzhou_migrants.register.tables import Import
from quzhou_migrants.register.words import Mode


async def load(tx: Tx, import_id: int) -> dict[str, Any]:
    """Read an import with its progress. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT p.*, i.* FROM register_import i JOIN register_import_progress p ON p.import_id = i.id WHERE i.id = $1",
        import_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


@command(P.IMPORT, audit="register.import.apply")
async def apply(tx: Tx, import_id: int, mode: Mode) -> None:
    """Ask for a checked sheet to be written, whole or only its right households.

    Raises: Refused REG-214 when all are asked for and some are wrong, REG-215 when nothing is to write.
    """
    row = await load(tx, import_id)
    if mode is Mode.ALL and row["households_bad"]:
        raise Refused("REG-214", bad=row["households_bad"])
    if row["households_new"] + row["households_update"] + row["households_same"] == 0:
        raise Refused("REG-215")
    await fire(tx, IMPORT, Import, row, "apply", sets={"mode": str(mode)}, mode=str(mode))
    await tx.conn.execute(
        "UPDATE register_import_progress SET failure = '', touched_at = now() WHERE import_id = $1", import_id
    )


@command(P.IMPORT, audit="register.import.discard")
async def discard(tx: Tx, import_id: int) -> None:
    """Put a sheet away without writing anything; its sealed rows are thrown away at once."""
    await fire(tx, IMPORT, Import, await load(tx, import_id), "discard")
    await tx.conn.execute("DELETE FROM register_import_row WHERE import_id = $1", import_id)


@command(P.IMPORT, audit="register.import.recheck")
async def recheck(tx: Tx, import_id: int) -> None:
    """Check a sheet anew, because the register has changed or the check failed."""
    row = await load(tx, import_id)
    if not row["failure"]:
        await fire(tx, IMPORT, Import, row, "recheck", sets={"mode": ""})
    await forget(tx, import_id)
