"""Is the village's decision valid, and was it posted long enough? Computed, line by line.

Source: 村民委员会组织法 第二十五、二十六条; 浙江省实施村民委员会组织法办法; 浙江省农村集体资产管理条例;
建民字〔2022〕62号 (days of notice, as an example of a neighbouring county).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from projects.rules import Bound, Line
from quzhou_migrants.kernel.money import Fen

_DAY = timedelta(days=1)


class Body(StrEnum):
    """Who decided: representatives, the members of the collective, all adults, or a voice for each household."""

    REPRESENTATIVES = "representatives"
    COLLECTIVE = "collective"
    VILLAGERS = "villagers"
    HOUSEHOLDS = "households"


class DayKind(StrEnum):
    """How days of notice are counted."""

    CALENDAR = "calendar"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the minutes say. Units: persons, votes, dates."""

    body: Body
    told_on: date
    held_on: date
    due: int
    representatives: int
    women: int
    present: int
    votes_for: int
    votes_against: int
    abstained: int
    basis: str = ""
    population: int = 0
    supervised: bool = False
    own_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class ResolutionRule:
    """The bounds of a valid decision, each with its clause. Shape: `assembly` {people from: members at least}."""

    told_days: Bound[int]
    quorum: Bound[Fraction]
    majority: Bound[Fraction]
    collective: Bound[Fraction]
    representatives: Bound[Fraction]
    women: Bound[Fraction]
    meeting_days: Bound[int]
    villagers: Bound[Fraction]
    households: Bound[Fraction]
    assembly: Bound[Mapping[str, int]]
    delegated: Bound[bool]
    supervised: Bound[bool]
    collective_own: Bound[int]


@dataclass(frozen=True, slots=True)
class Notice:
    """The public notice in the village. Units: dates, objections."""

    starts_on: date
    ends_on: date
    objections: int
    answered: int


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """How long a notice must hang, in which days, and whether its first day counts."""

    days: Bound[int]
    kind: Bound[DayKind]
    first_day_counts: Bound[bool]


def at_least(share: Fraction, whole: int) -> int:
    """The smallest number of persons that is at least a share of the whole."""
    return -(-whole * share.numerator // share.denominator)


def more_than(share: Fraction, whole: int) -> int:
    """The smallest number of persons that is more than a share of the whole."""
    return whole * share.numerator // share.denominator + 1


def check_resolution(r: Resolution, rule: ResolutionRule, today: date) -> list[Line]:
    """Explain whether a decision of the village is valid.

    Shape: one line per rule, in the order a reader of the minutes would ask.
    """
    lines = [_held(r, rule, today), _told(r, rule), _quorum(r, rule), _counted(r, rule)]
    if r.body is Body.COLLECTIVE:
        return [*lines, _collective(r, rule), _supervised(r, rule)]
    lines.append(_majority(r, rule))
    if r.body is Body.REPRESENTATIVES:
        lines += [*_composition(r, rule), *_assembly(r, rule), _delegated(r, rule)]
    return [*lines, *_stricter(r, rule)]


def _line(code: str, field: str, bound: Bound[Any], *, holds: bool, **facts: Any) -> Line:  # noqa: ANN401 - facts are any value the sentence names
    return Line(code, field, holds, bound.source, bound.confirmed, facts)


def _held(r: Resolution, rule: ResolutionRule, today: date) -> Line:
    return _line("PRJ-121", "held_on", rule.told_days, holds=r.held_on <= today, held=r.held_on)


def _told(r: Resolution, rule: ResolutionRule) -> Line:
    bound = rule.meeting_days if r.body in {Body.VILLAGERS, Body.HOUSEHOLDS} else rule.told_days
    days, need = (r.held_on - r.told_on).days, bound.value
    return _line("PRJ-122", "told_on", bound, holds=days >= need, days=days, need=need)


def _quorum(r: Resolution, rule: ResolutionRule) -> Line:
    bound = {Body.VILLAGERS: rule.villagers, Body.HOUSEHOLDS: rule.households}.get(r.body, rule.quorum)
    # Of all adults more than half must come; of households, representatives and members at least a share.
    need = more_than(bound.value, r.due) if r.body is Body.VILLAGERS else at_least(bound.value, r.due)
    return _line(
        "PRJ-123",
        "present",
        bound,
        holds=need <= r.present <= r.due,
        due=r.due,
        present=r.present,
        need=need,
        share=str(bound.value),
    )


def _counted(r: Resolution, rule: ResolutionRule) -> Line:
    votes = r.votes_for + r.votes_against + r.abstained
    return _line(
        "PRJ-124",
        "votes_for",
        rule.majority,
        holds=votes == r.present,
        votes=votes,
        present=r.present,
    )


def _majority(r: Resolution, rule: ResolutionRule) -> Line:
    need = more_than(rule.majority.value, r.present)
    return _line(
        "PRJ-125",
        "votes_for",
        rule.majority,
        holds=r.votes_for >= need,
        votes=r.votes_for,
        present=r.present,
        need=need,
    )


def _collective(r: Resolution, rule: ResolutionRule) -> Line:
    need = at_least(rule.collective.value, r.due)
    return _line(
        "PRJ-128",
        "votes_for",
        rule.collective,
        holds=r.votes_for >= need,
        votes=r.votes_for,
        due=r.due,
        need=need,
        share=str(rule.collective.value),
    )


def _composition(r: Resolution, rule: ResolutionRule) -> list[Line]:
    reps = at_least(rule.representatives.value, r.due)
    women = at_least(rule.women.value, r.due)
    return [
        _line(
            "PRJ-126",
            "representatives",
            rule.representatives,
            holds=reps <= r.representatives <= r.due,
            count=r.representatives,
            due=r.due,
            need=reps,
            share=str(rule.representatives.value),
        ),
        _line(
            "PRJ-127",
            "women",
            rule.women,
            holds=women <= r.women <= r.representatives,
            count=r.women,
            due=r.due,
            need=women,
            share=str(rule.women.value),
        ),
    ]


def _assembly(r: Resolution, rule: ResolutionRule) -> list[Line]:
    """An assembly of representatives grows with its village; nothing is said while the village's size is not."""
    if not r.population:
        return []
    need = max(least for people, least in rule.assembly.value.items() if int(people) <= r.population)
    facts = {"due": r.due, "need": need, "people": r.population}
    return [_line("PRJ-135", "due", rule.assembly, holds=r.due >= need, **facts)]


def _delegated(r: Resolution, rule: ResolutionRule) -> Line:
    """Representatives decide what the villagers' meeting left to them."""
    holds = bool(r.basis.strip()) or not rule.delegated.value
    return _line("PRJ-129", "basis", rule.delegated, holds=holds, basis=r.basis)


def _supervised(r: Resolution, rule: ResolutionRule) -> Line:
    """The collective's own supervisors are present when it decides."""
    return _line("PRJ-130", "supervised", rule.supervised, holds=r.supervised or not rule.supervised.value)


def _stricter(r: Resolution, rule: ResolutionRule) -> list[Line]:
    """Large money of the collective itself is the collective's to decide, by its stricter majority."""
    if r.own_fen < rule.collective_own.value:
        return []
    return [_line("PRJ-136", "body", rule.collective_own, holds=False, own=r.own_fen, line=rule.collective_own.value)]


def notice_days(n: Notice, rule: NoticeRule, works: Callable[[date], bool]) -> int:
    """Count the days a notice hung.

    Units: calendar or statutory working days, as the rule says.
    """
    first = n.starts_on if rule.first_day_counts.value else n.starts_on + _DAY
    span = max((n.ends_on - first).days + 1, 0)
    if rule.kind.value is DayKind.CALENDAR:
        return span
    return sum(works(first + _DAY * i) for i in range(span))


def check_notice(
    n: Notice,
    held_on: date | None,
    rule: NoticeRule,
    today: date,
    works: Callable[[date], bool],
) -> list[Line]:
    """Explain whether the public notice was long enough and is over, its objections answered."""
    days, need = notice_days(n, rule, works), rule.days.value
    return [
        _line(
            "PRJ-131",
            "notice_from",
            rule.days,
            holds=held_on is None or n.starts_on >= held_on,
            starts=n.starts_on,
            held=held_on or n.starts_on,
        ),
        _line(
            "PRJ-132",
            "notice_to",
            rule.days,
            holds=days >= need,
            days=days,
            need=need,
            kind=rule.kind.value.value,
        ),
        _line("PRJ-133", "notice_to", rule.days, holds=n.ends_on < today, ends=n.ends_on),
        _line(
            "PRJ-134",
            "answered",
            rule.days,
            holds=n.answered == n.objections,
            objections=n.objections,
            answered=n.answered,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Money:
    """Where the money is to come from. Units: fen."""

    estimate_fen: Fen
    asked_fen: Fen
    own_fen: Fen
    other_fen: Fen
    labour_fen: Fen = 0


def check_money(m: Money, source: str) -> list[Line]:
    """Explain whether the sources add up to the estimate."""
    total = m.asked_fen + m.own_fen + m.other_fen + m.labour_fen
    return [
        Line(
            "PRJ-141",
            "estimate_fen",
            total == m.estimate_fen,
            source,
            confirmed=True,
            facts={"total": total, "estimate": m.estimate_fen},
        )
    ]


def missing_files(needed: list[str], present: Mapping[str, int]) -> list[str]:
    """Name the kinds of papers that are needed and not there yet."""
    return [kind for kind in needed if not present.get(kind)]
