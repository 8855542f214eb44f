"""Contract, milestones, progress, acceptance: the arithmetic of the works.

Source: 政府投资条例 第二十一、二十三条 (no growth beyond what was approved); domain 1.5, 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from projects.rules import Bound
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.money import Fen

FULL_BP = 10_000


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


@dataclass(frozen=True, slots=True)
class Duties:
    """When supervision is a duty and how high a performance bond may be. Units: fen, basis points."""

    supervision_fen: Bound[Fen]
    underground_fen: Bound[Fen]
    bond_bp: Bound[int]


def supervision_bound(investment_fen: Fen, duties: Duties, *, underground: bool) -> Bound[Fen] | None:
    """Give the bound that makes supervision a duty for this work, None when it is free."""
    if underground and investment_fen >= duties.underground_fen.value:
        return duties.underground_fen
    return duties.supervision_fen if investment_fen >= duties.supervision_fen.value else None


def check_parties(  # noqa: PLR0913 - the parties and what binds them
    contractor_code: str,
    supervisor: str,
    supervisor_code: str,
    *,
    amount_fen: Fen,
    bond_fen: Fen,
    duty: Bound[Fen] | None,
    duties: Duties,
) -> list[Problem]:
    """List what is wrong with supervisor and bond. Codes: PRJ-461, PRJ-462, PRJ-463.

    Source: 建设工程质量管理条例 第十二条; 招标投标法实施条例 第五十八条
    """
    found: list[Problem] = []
    if duty and not supervisor:
        found.append(Problem("PRJ-461", "supervisor", {"threshold": duty.value, "source": duty.source}))
    if supervisor_code and supervisor_code == contractor_code:
        found.append(Problem("PRJ-462", "supervisor_code"))
    most = amount_fen * duties.bond_bp.value // FULL_BP
    if bond_fen > most:
        found.append(Problem("PRJ-463", "bond_fen", {"bond": bond_fen, "most": most, "share": duties.bond_bp.value}))
    return found


def own_share(contract_fen: Fen, award_fen: Fen, other_fen: Fen) -> Fen:
    """Give what the applicant pays of a contract itself. Units: fen."""
    return max(0, contract_fen - award_fen - other_fen)


def check_start(own_paid_fen: Fen, own_fen: Fen, share: Bound[int], photos: int, least: Bound[int]) -> list[Problem]:
    """No works without money in place and without a picture of the untouched site. Codes: PRJ-465, PRJ-466.

    Source: 政府投资条例 第二十二条
    """
    found: list[Problem] = []
    need = -(-own_fen * share.value // FULL_BP)
    if own_paid_fen < need:
        found.append(Problem("PRJ-465", "own_paid_fen", {"paid": own_paid_fen, "need": need}))
    if photos < least.value:
        found.append(Problem("PRJ-466", "photos", {"count": photos, "need": least.value}))
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
