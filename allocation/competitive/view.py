"""What the pages of a round show, put together from its rows: progress, ranking, outliers, working."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from allocation.competitive import queries, rules
from allocation.competitive.states import R
from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One candidate's scores as the ranking used them. `marks` are (seat, total, dropped)."""

    candidate: Row
    marks: tuple[tuple[int, Fraction, bool], ...]
    states: tuple[tuple[int, str], ...]
    outliers: tuple[Finding, ...]


async def sheets(tx: Tx, row: Row) -> list[Sheet]:
    """Give every candidate's working; without any figure while the scores are sealed."""
    panel = await queries.experts(tx, row["id"])
    states = await queries.progress(tx, row["id"])
    given = await queries.scores(tx, row)
    known = queries.for_rules(await queries.criteria(tx, row["id"]))
    seats = {e["id"]: e["seat"] for e in panel}
    made = []
    for c in await queries.candidates(tx, row["id"]):
        totals = queries.totals(given.get(c["id"], {}), known)
        by_seat = {seats[expert]: total for expert, total in totals.items()}
        made.append(
            Sheet(
                c,
                _marks(by_seat, row["terms"].trim_from),
                tuple((e["seat"], states.get((c["id"], e["id"]), R.NOT_OPENED)) for e in panel),
                tuple(rules.outliers({str(s): t for s, t in by_seat.items()}, row["terms"].outlier_points)),
            )
        )
    return made


def _marks(by_seat: dict[int, Fraction], trim_from: int) -> tuple[tuple[int, Fraction, bool], ...]:
    """Mark one highest and one lowest as dropped when there are scores enough."""
    dropped = dropped_seats(by_seat, trim_from)
    return tuple((seat, total, seat in dropped) for seat, total in sorted(by_seat.items()))


def dropped_seats(totals: dict[int, Fraction], trim_from: int) -> set[int]:
    """Name who gave the one lowest and the one highest total that fall away; of equals, the lower number."""
    if len(totals) < trim_from:
        return set()
    low = min(totals, key=lambda s: (totals[s], s))
    return {low, min((s for s in totals if s != low), key=lambda s: (-totals[s], s))}


def counted(reviews: list[Row]) -> dict[str, int]:
    """Count an expert's own reviews by state; what is recused is in no count."""
    found = Counter(r["state"] for r in reviews)
    return {state.value: found[state] for state in R if state not in {R.RECUSED, R.VOID}}
