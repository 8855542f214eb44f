"""The scanned document behind a batch or a split: where every drill-down ends."""

from __future__ import annotations

from typing import Any

from allocation.budget import queries, split_queries
from allocation.permissions import P
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

BATCH_TABLE, SPLIT_TABLE = "allocation_batch", "allocation_split"
KIND = "document"

files.readable(BATCH_TABLE, P.VIEW_FUNDS)
files.readable(SPLIT_TABLE, P.VIEW_FUNDS)


@command(P.RECORD_BATCH, audit="allocation.batch.paper")
async def add_batch_paper(tx: Tx, batch_id: int, upload: Any) -> None:  # noqa: ANN401 - the framework's upload
    """Put the document, as it came, to a batch; also to one that is booked. Raises: what `files` refuses."""
    row = await queries.batch(tx, batch_id)
    await _keep(tx, (BATCH_TABLE, batch_id), row["division_code"], upload, "allocation.batch.paper")


@command(P.SPLIT, audit="allocation.split.paper")
async def add_split_paper(tx: Tx, split_id: int, upload: Any) -> None:  # noqa: ANN401 - the framework's upload
    """Put the issued document to a split of one's own house. Raises: Refused ALC-149, what `files` refuses."""
    row = await split_queries.split(tx, split_id)
    if row["division_code"] != tx.actor.division_code:
        raise Refused("ALC-149")
    await _keep(tx, (SPLIT_TABLE, split_id), row["division_code"], upload, "allocation.split.paper")


async def _keep(tx: Tx, owner: tuple[str, int], division: str, upload: Any, verb: str) -> None:  # noqa: ANN401 - as above
    stored = await files.store(tx, upload, owner=owner, kind=KIND, division_code=division)
    await tx.note((*owner, division), verb, note=stored.name)
