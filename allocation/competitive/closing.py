"""What happens besides ranking when scoring is closed: vetoes are counted, far-off scores are listed."""

from __future__ import annotations

from fractions import Fraction
from statistics import median
from typing import Any

from allocation.competitive import queries, rules
from allocation.competitive.rules import Criterion
from allocation.competitive.view import dropped_seats
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def rule_out(tx: Tx, row: Row, candidates: list[Row]) -> None:
    """Count the vetoes on every candidate and mark those that are ruled out, in the table and in these rows."""
    hits: dict[int, set[int]] = {}
    for mark in await queries.all_veto_marks(tx, row["id"]):
        hits.setdefault(mark["candidate"], set()).add(mark["expert"])
    given = await queries.all_scores(tx, row["id"])
    share = Fraction(row["terms"].veto_share)
    for c in candidates:
        c["vetoed"] = rules.vetoed(len(hits.get(c["id"], ())), len(given.get(c["id"], ())), share)
    gone = [c["id"] for c in candidates if c["vetoed"]]
    await tx.conn.execute("UPDATE allocation_candidate SET vetoed = id = ANY($2) WHERE round = $1", row["id"], gone)


async def keep_outliers(tx: Tx, row: Row, given: dict[int, dict[int, dict[int, int]]], known: list[Criterion]) -> None:
    """List the scores further from the panel's median than the published spread, and whether they counted."""
    terms = row["terms"]
    for candidate, by_expert in given.items():
        totals = queries.totals(by_expert, known)
        middle: Fraction = median(totals.values())
        dropped = dropped_seats(totals, terms.trim_from)
        far = {str(expert): total for expert, total in totals.items()}
        for finding in rules.outliers(far, terms.outlier_points):
            expert = int(finding.subject)
            total = totals[expert]
            await tx.conn.execute(
                "INSERT INTO allocation_outlier (division_code, round, candidate, expert, total, median, distance,"
                " dropped) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                row["division_code"],
                row["id"],
                candidate,
                expert,
                rules.written(total),
                rules.written(middle),
                rules.written(abs(total - middle)),
                expert in dropped,
            )
