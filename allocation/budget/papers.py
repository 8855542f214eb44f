"""The scanned document behind a batch or a split: where every drill-down ends."""

from __future__ import annotations

from typing import Any

from allocation.budget import queries, split_queries
from allocation.permissions import P
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.walls import sql_object

BATCH_TABLE, SPLIT_TABLE = "allocation_batch", "allocation_split"
KIND = "document"

files.readable(BATCH_TABLE, P.VIEW_FUNDS)
files.readable(SPLIT_TABLE, P.VIEW_TERMS)  # who looks after funds, and the township a county passes money to

# Whoever the money went to reads the paper it went by: a batch that has an account here, a document with a line
# for here. What lies inside the EXISTS is walled for the reader as everywhere.
sql_object(
    "kernel_file_given_down",
    """
    DROP POLICY IF EXISTS kernel_file_given_down ON kernel_file;
    CREATE POLICY kernel_file_given_down ON kernel_file FOR SELECT USING (
      CASE owner_table
        WHEN 'allocation_batch' THEN EXISTS (SELECT 1 FROM allocation_balance b WHERE b.batch = owner_id)
        WHEN 'allocation_split' THEN EXISTS (
          SELECT 1 FROM allocation_split_line l JOIN allocation_split s ON s.id = l.split
          WHERE l.split = owner_id AND s.state <> 'draft')
        ELSE false
      END);
    """,
)


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


async def scans_of_splits(tx: Tx, split_ids: list[int]) -> dict[int, list[files.FileRef]]:
    """Give the scans of several documents, as far as the reader may see them."""
    rows = await tx.conn.fetch(
        "SELECT owner_id, id, sha256, name, size, media_type, kind FROM kernel_file"
        " WHERE owner_table = $1 AND owner_id = ANY($2) ORDER BY id",
        SPLIT_TABLE,
        split_ids,
    )
    found: dict[int, list[files.FileRef]] = {}
    for r in rows:
        ref = files.FileRef(r["id"], r["sha256"], r["name"], r["size"], r["media_type"], r["kind"])
        found.setdefault(r["owner_id"], []).append(ref)
    return found


async def _keep(tx: Tx, owner: tuple[str, int], division: str, upload: Any, verb: str) -> None:  # noqa: ANN401 - as above
    stored = await files.store(tx, upload, owner=owner, kind=KIND, division_code=division)
    await tx.note((*owner, division), verb, note=stored.name)
