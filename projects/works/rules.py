"""Contract, milestones, progress, acceptance: the arithmetic of the works.

Source: 政府投资条例 第二十一、二十三条 (no growth beyond what was approved); domain 1.5, 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.money import Fen

FULL_BP = 10_000
ASPECTS = ("quality", "money", "benefit", "audit", "accounts", "archive")
"""The sides of a work an acceptance speaks about."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What was agreed. Units: fen, dates."""

    amount_fen: Fen
    signed_on: date
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Step:
    """One milestone and what was seen of it. Units: basis points."""

    id: int
    weight_bp: int
    progress_bp: int


def ceiling(award_fen: Fen, own_fen: Fen, other_fen: Fen = 0) -> Fen:
    """The most a contract may cost: the award and the money the applicant named besides. Units: fen."""
    return award_fen + own_fen + other_fen


def check_contract(c: Contract, ceiling_fen: Fen, today: date) -> list[Problem]:
    """List what is wrong with a contract's amount and dates."""
    found: list[Problem] = []
    if c.amount_fen <= 0:
        found.append(Problem("PRJ-411", "amount_fen"))
    if c.amount_fen > ceiling_fen:
        found.append(Problem("PRJ-412", "amount_fen", {"amount": c.amount_fen, "ceiling": ceiling_fen}))
    if c.signed_on > today:
        found.append(Problem("PRJ-413", "signed_on", {"signed": c.signed_on}))
    if c.starts_on < c.signed_on:
        found.append(Problem("PRJ-414", "starts_on", {"starts": c.starts_on, "signed": c.signed_on}))
    if c.ends_on < c.starts_on:
        found.append(Problem("PRJ-415", "ends_on", {"ends": c.ends_on, "starts": c.starts_on}))
    return found


def check_weights(weights: Sequence[int]) -> list[Problem]:
    """List what is wrong with milestone weights: each positive, together one hundred percent."""
    found = [Problem("PRJ-421", f"weight_{n}") for n, w in enumerate(weights, 1) if w <= 0]
    if sum(weights) != FULL_BP:
        found.append(Problem("PRJ-402", "weight_1", {"total": sum(weights)}))
    return found


def progress(steps: Sequence[Step]) -> int:
    """Verified progress of the whole work: weights times what was seen, cut to a whole basis point.

    Cut, not rounded: 9,999.9 is not yet finished.
    Units: basis points.
    """
    return sum(s.weight_bp * s.progress_bp for s in steps) // FULL_BP


def merge(steps: Sequence[Step], seen: Mapping[int, int]) -> list[Step]:
    """The milestones after a visit; a step may fall back, because works can be undone."""
    return [Step(s.id, s.weight_bp, seen.get(s.id, s.progress_bp)) for s in steps]


def failed_aspects(opinions: Mapping[str, str]) -> list[str]:
    """The aspects without a favourable opinion, missing ones included."""
    return [a for a in ASPECTS if opinions.get(a) != "pass"]
