"""How a competitive round is judged: weights, trimmed means, rank, the cut to the budget, the vote.

All scores are exact fractions; nothing is rounded before it is compared. Nobody's place depends
on the order in which projects, experts or criteria were stored.
Source: 衢政办发〔2016〕65号 二(三)1; 招标投标法实施条例 第四十六条、第五十三条 (by analogy)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from statistics import median

from quzhou_migrants.kernel.errors import Finding, Refused
from quzhou_migrants.kernel.money import Fen

WHOLE = 10_000  # basis points in one whole
FULL_MARKS = 100  # each criterion is scored 0..100 in whole points


class CutRule(StrEnum):
    """What happens at the first project that the rest of the budget does not cover."""

    STOP = "stop"
    SKIP = "skip"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One published criterion; weights of a call sum to 10000 basis points."""

    id: int
    weight_bp: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One candidate as judged: what it asks (fen) and each expert's points by criterion."""

    code: str
    asked_fen: Fen
    scores: tuple[Mapping[int, int | Fraction], ...]
    ruled_out: bool = False


@dataclass(frozen=True, slots=True)
class Placing:
    """One candidate's place: the exact mean, and how many scores were counted of how many given."""

    code: str
    rank: int
    mean: Fraction
    counted: int
    given: int
    ruled_out: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The terms that turn a ranking into money, as published in the call."""

    budget_fen: Fen
    cap_fen: Fen
    pass_mark: int
    rule: CutRule
    partial_bp: int


def check_weights(weights: Sequence[int]) -> None:
    """Let a call be published only with positive weights that sum to one whole.

    Raises: Refused ALC-301 (sum), ALC-302 (a weight that is not positive).
    """
    if any(w <= 0 for w in weights):
        raise Refused("ALC-302")
    if sum(weights) != WHOLE:
        raise Refused("ALC-301", total=sum(weights))


def check_panel(size: int, fewest: int, *, odd: bool = True) -> None:
    """Let scoring begin only with a panel large enough and, where the rule says so, odd.

    Raises: Refused ALC-303 (too small), ALC-304 (even).
    Source: 招标投标法 第三十七条 (by analogy)
    """
    if size < fewest:
        raise Refused("ALC-303", size=size, fewest=fewest)
    if odd and size % 2 == 0:
        raise Refused("ALC-304", size=size)


def check_points(points: Mapping[int, int], criteria: Sequence[Criterion]) -> None:
    """Take a score sheet only whole: every criterion once, each 0..100.

    Raises: Refused ALC-305 (missing or foreign criterion), ALC-306 (out of range).
    """
    if set(points) != {c.id for c in criteria}:
        raise Refused("ALC-305", given=len(points), wanted=len(criteria))
    for value in points.values():
        if not 0 <= value <= FULL_MARKS:
            raise Refused("ALC-306", points=value)


def weighted(points: Mapping[int, int | Fraction] | Mapping[int, int], criteria: Sequence[Criterion]) -> Fraction:
    """Give one expert's total out of 100, exact."""
    return Fraction(sum(c.weight_bp * points[c.id] for c in criteria), WHOLE)


def trimmed(totals: Sequence[Fraction], trim_from: int) -> Sequence[Fraction]:
    """Drop one highest and one lowest, only when at least `trim_from` scores were given."""
    ordered = sorted(totals)
    return ordered[1:-1] if len(ordered) >= trim_from else ordered


def mean(values: Sequence[Fraction]) -> Fraction:
    """Give the exact mean. Raises: Refused ALC-307, nothing was scored."""
    if not values:
        raise Refused("ALC-307")
    return sum(values, Fraction(0)) / len(values)


def rank(entries: Sequence[Entry], criteria: Sequence[Criterion], trim_from: int) -> tuple[Placing, ...]:
    """Put the candidates in order, best first; those ruled out by a veto stand behind all others.

    Ties go to the higher mean on the heaviest criterion, then to the smaller request, then to
    the lower project code: the same rule that the call publishes.
    Raises: Refused ALC-307, a candidate without any score.
    """
    heaviest = min(criteria, key=lambda c: (-c.weight_bp, c.id)).id

    def key(pair: tuple[Entry, Placing]) -> tuple[bool, Fraction, Fraction, Fen, str]:
        entry, placing = pair
        main = mean([Fraction(s[heaviest]) for s in entry.scores])
        return entry.ruled_out, -placing.mean, -main, entry.asked_fen, entry.code

    placed = sorted(((e, _place(e, criteria, trim_from)) for e in entries), key=key)
    return tuple(replace(p, rank=n) for n, (_, p) in enumerate(placed, start=1))


def _place(entry: Entry, criteria: Sequence[Criterion], trim_from: int) -> Placing:
    totals = [weighted(s, criteria) for s in entry.scores]
    kept = trimmed(totals, trim_from)
    return Placing(entry.code, 0, mean(kept), len(kept), len(totals), entry.ruled_out)


def cut(placings: Sequence[Placing], asked: Mapping[str, Fen], terms: Cut) -> dict[str, Fen]:
    """Walk down the ranking and propose money until the budget is used.

    Shape: {code: fen}, 0 for the reserve list; the sum never exceeds the budget, no part exceeds
    the request or the cap, and nothing goes to a mean below the pass mark or to what a veto ruled out.
    """
    left, proposed, stopped = terms.budget_fen, {}, False
    for placing in sorted(placings, key=lambda p: p.rank):
        wish = min(asked[placing.code], terms.cap_fen)
        give = 0 if stopped or placing.ruled_out or placing.mean < terms.pass_mark else granted(wish, left, terms)
        stopped = stopped or (give < wish and not placing.ruled_out and terms.rule is not CutRule.SKIP)
        proposed[placing.code] = give
        left -= give
    return proposed


def granted(wish: Fen, left: Fen, terms: Cut) -> Fen:
    """Give what the rest of a budget grants to one wish, by the cut rule: all, a part worth it, or nothing."""
    if wish <= left:
        return wish
    worth_it = left * WHOLE >= wish * terms.partial_bp
    return left if terms.rule is CutRule.PARTIAL and worth_it else 0


def vetoed(hits: int, given: int, share: Fraction) -> bool:
    """Tell whether a candidate is ruled out: more of those who scored than the share found an item against it.

    Source: 招标投标法实施条例 第五十一条 (by analogy)
    """
    return hits > given * share


def outliers(totals: Mapping[str, Fraction], spread: int) -> list[Finding]:
    """Notice experts whose total lies further than `spread` points from the median of the panel."""
    if not totals:
        return []
    middle = median(totals.values())
    return [
        Finding("ALC-330", who, {"total": total, "median": middle})
        for who, total in sorted(totals.items())
        if abs(total - middle) > spread
    ]


class Vote(StrEnum):
    """How a member of the meeting voted; NONE for those absent or stepping out."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One person due at the collective decision."""

    name: str
    present: bool
    avoids: bool
    vote: Vote
    excepts: frozenset[int] = frozenset()  # ranks of the projects this person alone steps out for


@dataclass(frozen=True, slots=True)
class Tally:
    """The meeting in figures: who was due, present, stepped out, and how the rest voted."""

    due: int
    present: int
    avoided: int
    votes_for: int
    votes_against: int
    votes_abstain: int


def tally(members: Sequence[Member], quorum: Fraction, majority: Fraction) -> Tally:
    """Count a collective decision, and refuse one that was not validly taken.

    Quorum is of all who were due; the majority is of those due who did not have to step out.
    Raises: Refused ALC-310 (a person named twice), ALC-311 (absent or stepped out, yet voted),
    ALC-312 (present without a vote), ALC-313 (no quorum), ALC-314 (no majority).
    """
    _check_members(members)
    present = [m for m in members if m.present]
    counts = {v: sum(m.vote is v for m in present) for v in Vote}
    due, avoided = len(members), sum(m.avoids for m in members)
    if len(present) < due * quorum or not present:
        raise Refused("ALC-313", present=len(present), due=due, quorum=str(quorum))
    if counts[Vote.FOR] <= (due - avoided) * majority:
        raise Refused("ALC-314", votes=counts[Vote.FOR], entitled=due - avoided)
    return Tally(due, len(present), avoided, counts[Vote.FOR], counts[Vote.AGAINST], counts[Vote.ABSTAIN])


def _check_members(members: Sequence[Member]) -> None:
    seen: set[str] = set()
    for m in members:
        if m.name in seen:
            raise Refused("ALC-310", name=m.name)
        seen.add(m.name)
        may_vote = m.present and not m.avoids
        if m.vote is not Vote.NONE and not may_vote:
            raise Refused("ALC-311", name=m.name)
        if m.vote is Vote.NONE and may_vote:
            raise Refused("ALC-312", name=m.name)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the decision: what the ranking proposed, what the meeting decided, and why."""

    code: str
    limit_fen: Fen
    proposed_fen: Fen
    decided_fen: Fen
    reason: str


def check_lines(lines: Sequence[Line], budget_fen: Fen) -> None:
    """Take a decision only within budget and cap, every departure from the ranking with a reason.

    Raises: Refused ALC-315 (budget), ALC-316 (more than asked or capped), ALC-317 (no reason).
    """
    total = sum(line.decided_fen for line in lines)
    if total > budget_fen:
        raise Refused("ALC-315", total=total, budget=budget_fen)
    for line in lines:
        if not 0 <= line.decided_fen <= line.limit_fen:
            raise Refused("ALC-316", project=line.code, limit=line.limit_fen)
        if line.decided_fen != line.proposed_fen and not line.reason.strip():
            raise Refused("ALC-317", project=line.code)


def written(value: Fraction) -> str:
    """Write a score with two decimals for people, half away from zero; comparisons never use it."""
    hundredths = (value * 100 + Fraction(1, 2)).__floor__()
    return f"{hundredths // 100}.{hundredths % 100:02d}"
