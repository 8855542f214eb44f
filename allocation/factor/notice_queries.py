"""Reads of notices: for those who make them, and for everybody once published."""

from __future__ import annotations

import json
from typing import Any

from allocation.factor.queries import is_own
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_factor_notice"

_ONE = """
SELECT n.*, r.title AS run_title, r.pool_fen, r.frozen, r.sha256 AS run_sha256, r.state AS run_state,
  EXISTS (SELECT 1 FROM allocation_factor_share p WHERE p.run = r.id) AS shared
FROM allocation_factor_notice n JOIN allocation_factor_run r ON r.id = n.run WHERE n.id = $1
"""


async def notice(tx: Tx, notice_id: int) -> Row:
    """Read one notice with its run; below its house an issued one, by who has a share. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_ONE, notice_id)
    told = row is not None and row["issued_on"] is not None and row["shared"]
    if row is None or not (told or is_own(tx, row["division_code"])):
        raise Refused("KRN-404")
    return dict(row) | {"printed": json.loads(row["printed"] or "{}")}


async def of_run(tx: Tx, run_id: int) -> Row | None:
    """Give the notice of a run that stands, if the caller may see it."""
    row = await tx.conn.fetchrow(
        "SELECT id, doc_no, state, issued_on, due_on, published_on, division_code FROM allocation_factor_notice"
        " WHERE run = $1 AND state <> 'withdrawn'",
        run_id,
    )
    seen = row is not None and (row["issued_on"] is not None or is_own(tx, row["division_code"]))
    return dict(row) if row is not None and seen else None


async def published(tx: Tx, notice_id: int) -> Row:
    """Read what everybody may know of a published notice. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT n.id, n.title, n.doc_no, n.signer, n.issued_on, n.published_on, n.printed, n.sha256, n.state,"
        " n.is_demo, d.full_name FROM allocation_factor_notice n JOIN kernel_division d ON d.code = n.division_code"
        " WHERE n.id = $1 AND n.published_on IS NOT NULL",
        notice_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row) | {"printed": json.loads(row["printed"])}
