"""Months and years that are closed: totals frozen under a hash, later postings into them refused."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Integer, Timestamptz, Varchar

from allocation.budget.tables import Batch
from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fen,
    fk,
)


@business(down=True, append_only=True)
class Closing(Table, tablename="allocation_closing"):
    """One closed month ("2026-08") or year ("2026") of a city or county. Moved back by nobody."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    period = Varchar(length=7, null=False)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=False)
    entries = BigInt(null=False)
    accounts = Integer(null=False)
    previous_sha256 = Varchar(length=64, null=False, default="")
    sha256 = Varchar(length=64, null=False)
    remark = Varchar(length=500, null=False, default="")
    closed_by = BigInt(null=True, default=None)
    closed_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_closing_once = Unique(["division_code", "period"])


@business(append_only=True)
class ClosingTotal(Table, tablename="allocation_closing_total"):
    """Opening, in, out and closing of one kind of one batch in a closed period. Units: fen."""

    id = BigSerial(primary_key=True)
    closing = fk(Closing)
    division_code = DivisionCode()
    batch = fk(Batch)
    kind = Varchar(length=16, null=False)
    earmark = BigInt(null=False, default=0)
    opening_fen = fen()
    in_fen = fen()
    out_fen = fen()
    closing_fen = fen()
    is_demo = Boolean(null=False, default=False)

    allocation_closing_total_account = Unique(["closing", "batch", "kind", "earmark"])
    allocation_closing_total_adds_up = Check("closing_fen = opening_fen + in_fen - out_fen")
