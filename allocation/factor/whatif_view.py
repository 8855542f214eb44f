"""What the pages of trying out show: differences, a heat map of sensitivity, causes of a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allocation.factor import queries
from allocation.factor.causes import Decomposition
from allocation.factor.frozen import Inputs
from allocation.factor.studies import EFFECTS
from allocation.factor.whatif import Case, Sensitivity, case_of, changed
from allocation.factor.whatif_forms import WhatIfForm
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
SHADES = 4  # steps of colour on each side of nothing


async def tried(tx: Tx, case: Case, form: WhatIfForm) -> Case:
    """Imagine what a form asks for. Values as they were are not counted as changed.

    Raises: Refused KRN-404 (a scheme out of sight), ALC-237.
    """
    plan = queries.opened((await queries.scheme(tx, form.scheme))["body"]) if form.scheme else None
    keys = {f.key for f in (plan or case.scheme).factors}
    weights = {w.key: w.weight_bp for w in form.weights if w.key in keys}
    values = {
        (v.factor, v.unit): v.value
        for v in form.values
        if v.factor in keys and v.value != case.data.get(v.factor, {}).get(v.unit, "")
    }
    own = {} if plan is not None else weights
    return changed(case, pool_fen=form.pool_fen, weights_bp=own, values=values, scheme=plan)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: the money and its shade from -SHADES to SHADES. Units: fen."""

    fen: Fen
    shade: int


def heat(found: Sensitivity, units: list[str]) -> dict[str, dict[str, HeatCell]]:
    """Shade every cell by its part of the greatest change. Shape: {factor key: {unit: cell}}."""
    most = max((abs(fen) for column in found.columns.values() for fen in column.values()), default=0) or 1
    return {
        key: {u: HeatCell(column.get(u, 0), _shade(column.get(u, 0), most)) for u in units}
        for key, column in found.columns.items()
    }


def _shade(fen: Fen, most: Fen) -> int:
    """Part the range evenly; whatever is not nothing has a colour."""
    step = -(-abs(fen) * SHADES // most)
    return step if fen > 0 else -step


async def earlier(tx: Tx, row: Row) -> list[Row]:
    """List the approved runs of the same division before this one, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT id, title, pool_fen, approved_at FROM allocation_factor_run WHERE division_code = $1 AND id <> $2"
        " AND state = 'approved' AND ($3::timestamptz IS NULL OR approved_at < $3) ORDER BY approved_at DESC LIMIT 30",
        row["division_code"],
        row["id"],
        row["approved_at"],
    )
    return [dict(r) for r in rows]


async def compared_with(tx: Tx, row: Row, since: int) -> tuple[list[Row], Row | None]:
    """List the earlier runs and choose the one asked for, else the last; None when there is none."""
    choices = await earlier(tx, row)
    return choices, next((c for c in choices if c["id"] == since), choices[0] if choices else None)


async def another_plan(tx: Tx, form: WhatIfForm) -> str:
    """Name the other scheme that a trial takes, or nothing. Raises: Refused KRN-404."""
    return scheme_name(await queries.scheme(tx, form.scheme)) if form.scheme else ""


def scheme_name(row: Row) -> str:
    """Name one version of a scheme."""
    return CATALOGUE.text("factor.scheme_name").format(title=row["title"], number=row["number"])


async def frozen_case(tx: Tx, run_id: int) -> tuple[Row, Inputs, Case]:
    """Read a run in sight as a case, what was frozen if it was. Raises: Refused KRN-404."""
    row = await queries.run(tx, run_id)
    inputs = await queries.inputs(tx, row)
    return row, inputs, case_of(inputs)


def totals(found: Decomposition) -> Mapping[str, Fen]:
    """Sum each cause over all units, for the foot of the table."""
    return {
        name: sum(getattr(r, f"{name}_fen") for r in found.rows) for name in (*EFFECTS, "before", "after", "change")
    }
