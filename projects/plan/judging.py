"""What a plan says and what keeps it back, from its rows. Reads nothing, writes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from projects.plan import queries, rules
from projects.plan.rules import PlanRules
from projects.plan.states import S
from projects.rules import Line
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
_PRINTED = (
    "township_name", "reservoir", "village_name", "title", "content", "estimate_fen", "amount_fen", "remark", "outside",
)  # fmt: skip


def shares(plan: Row, rows: Sequence[Row], known: PlanRules) -> list[Line]:
    """Explain the shares of a plan as it stands."""
    return rules.shares(queries.as_items(rows, known), plan["money_fen"], known)


def problems(tx: Tx, plan: Row, rows: Sequence[Row], known: PlanRules, departure: str = "-") -> list[Problem]:
    """List what keeps a plan from being approved today; a departure without a reason is one of them."""
    lines = shares(plan, rows, known)
    found = rules.check_plan(queries.as_items(rows, known), plan["money_fen"], tx.today, lines)
    left_out = rules.departures(lines)
    if left_out and not departure.strip():
        found.append(Problem("PRJ-327", "departure", {"count": len(left_out)}))
    return found


def table(rows: Sequence[Row]) -> list[Row]:
    """Set down the plan table as it is published: plain words and numbers, no reference to anything."""
    return [{"no": n, **{k: r[k] for k in _PRINTED}} for n, r in enumerate(rows, 1)]


def published(plan: Row, rows: Sequence[Row]) -> list[Row]:
    """Give a plan's table: as it was published, or as it stands while it is drafted."""
    kept: list[Row] = plan["printed"] if plan["state"] in {S.POSTED, S.APPROVED} else []
    return kept or table(rows)


def printed(rows: Sequence[Row]) -> str:
    """Write the plan table for its column."""
    return json.dumps(table(rows), ensure_ascii=False)


def figures(plan: Row, rows: Sequence[Row], known: PlanRules) -> dict[str, int]:
    """Sum up a plan for a comparison of variants. Units: fen, basis points, persons."""
    items = queries.as_items(rows, known)
    startup, industry, _ = rules.shares(items, plan["money_fen"], known)
    met = [
        sum(ok for _, ok in queries.ready_of(r, known)) * rules.FULL_BP // len(queries.ready_of(r, known)) for r in rows
    ]
    return {
        "projects": len(rows),
        "planned": rules.planned_fen(items),
        "left": rules.left_fen(plan["money_fen"], items),
        "startup": startup.facts["share"],
        "industry": industry.facts["share"],
        "townships": len(rules.by_township(items)),
        "migrants": sum(r["migrants"] for r in rows),
        "ready": sum(met) // len(met) if met else 0,
        "outside": sum(r["outside"] for r in rows),
    }
