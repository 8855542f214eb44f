"""Schemes, runs, the values they stand on, and the shares they gave."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, Text, Timestamptz, Varchar

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
    state_column,
)


@business(down=True, append_only=True)
class FactorScheme(Table, tablename="allocation_scheme"):
    """One version of a scheme as data; a change is a new row, so a run can always name what it used."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    body = Text(null=False, help_text="canonical JSON, see FORMAT.md")
    note = Varchar(length=500, null=False, default="")
    policy_version = Varchar(length=64, null=False)
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=60, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)


@business(down=True)
class FactorRun(Table, tablename="allocation_factor_run"):
    """One split of one batch's project money among the divisions below, from draft to approved."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    scheme = fk(FactorScheme)
    title = Varchar(length=120, null=False)
    pool_fen = fen()
    remark = Varchar(length=1000, null=False, default="")
    frozen = Text(null=False, default="", help_text="canonical JSON of all inputs")
    sha256 = Varchar(length=64, null=False, default="")
    frozen_by = BigInt(null=True, default=None)
    frozen_at = Timestamptz(null=True, default=None)
    approved_at = Timestamptz(null=True, default=None)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_factor_run_positive = Check("pool_fen > 0")
    allocation_factor_run_frozen_whole = Check(
        "state NOT IN ('frozen', 'approved') OR (frozen <> '' AND length(sha256) = 64)"
    )


@business()
class FactorValue(Table, tablename="allocation_factor_value"):
    """One value of one unit under one factor, as written, with its source and date."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    unit_code = Varchar(length=12, null=False)
    factor = Varchar(length=40, null=False)
    value = Varchar(length=40, null=False)
    source = Varchar(length=200, null=False)
    as_of = Date(null=False)

    allocation_factor_value_one_value = Unique(["run", "factor", "unit_code"])


@business(append_only=True)
class FactorShare(Table, tablename="allocation_factor_share"):
    """What one unit got from one approved run."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    base_fen = fen()
    performance_fen = fen()
    amount_fen = fen()
    approved_at = Stamp()

    allocation_factor_share_one_share = Unique(["run", "division_code"])
    allocation_factor_share_closes = Check(
        "amount_fen = base_fen + performance_fen AND base_fen >= 0 AND performance_fen >= 0"
    )
