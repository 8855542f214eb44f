"""The mixed method: one batch parted into money by factors and money by competition, the latter in pots."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, Varchar

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
    index,
    state_column,
)


@business(down="state <> 'draft'")
class Mixed(Table, tablename="allocation_mixed"):
    """One parting of a batch. Units: fen, basis points of the pool. `back_to` says where unspent money flows."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    title = Varchar(length=120, null=False)
    doc_no = Varchar(length=80, null=False, default="")
    pool_fen = fen()
    factor_bp = Integer(null=False)
    factor_fen = fen()
    competitive_fen = fen()
    back_to = Varchar(length=8, null=False)
    use_by = Date(null=False)
    policy_version = Varchar(length=80, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_mixed_amounts = Check(
        "pool_fen > 0 AND factor_fen >= 0 AND competitive_fen >= 0 AND factor_fen + competitive_fen = pool_fen"
    )
    allocation_mixed_share = Check("factor_bp >= 0 AND factor_bp <= 10000")
    allocation_mixed_known_way = Check("back_to IN ('holder', 'origin', 'pot')")


index("allocation_mixed_one_live", "UNIQUE allocation_mixed (batch, division_code) WHERE state IN ('draft', 'parted')")
index("allocation_mixed_keyset", "allocation_mixed (division_code, id)")


@business()
class Pot(Table, tablename="allocation_mixed_pot"):
    """One pot of competitive money: a county's, or the parting division's own. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    mixed = fk(Mixed)
    share_bp = Integer(null=False)
    amount_fen = fen()

    allocation_mixed_pot_one_holder = Unique(["mixed", "division_code"])
    allocation_mixed_pot_in_range = Check("share_bp > 0 AND share_bp <= 10000 AND amount_fen >= 0")


@business(append_only=True)
class PotFlow(Table, tablename="allocation_mixed_flow"):
    """Money of a pot that nobody won and that flowed back, once. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    mixed = fk(Mixed)
    pot = fk(Pot)
    amount_fen = fen()
    to_division = Varchar(length=12, null=False)
    to_kind = Varchar(length=16, null=False)
    reason = Varchar(length=500, null=False)
    made_by = BigInt(null=True, default=None)
    made_name = Varchar(length=120, null=False, default="")
    made_at = Stamp()

    allocation_mixed_flow_positive = Check("amount_fen > 0 AND length(trim(reason)) > 0")
