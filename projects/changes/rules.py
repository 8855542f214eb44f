"""What a change order may change, and under which conditions.

Place, size and content go back to the original approver; money grows only for policy, prices or geology
and with its source named; beyond a share of the estimate an audit speaks first.
Source: 政府投资条例 第二十一、二十三、三十四条; domain 1.5
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from projects.rules import Bound, Line
from quzhou_migrants.kernel.money import Fen

FULL_BP = 10_000


class Action(StrEnum):
    """What is asked for."""

    ADJUST = "adjust"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"


class Part(StrEnum):
    """What of a project is adjusted."""

    PLACE = "place"
    CONTENT = "content"
    MONEY = "money"
    TIME = "time"


class Cause(StrEnum):
    """Why. The first three are the ones for which money may grow."""

    POLICY = "policy"
    PRICE = "price"
    GEOLOGY = "geology"
    DESIGN = "design"
    WEATHER = "weather"
    LAND = "land"
    WISH = "wish"
    CONTRACTOR = "contractor"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force. Units: basis points of the estimate, calendar days."""

    growth_causes: Bound[Collection[str]]
    growth_audit_bp: Bound[int]
    minor_days: Bound[int]
    with_paper: Bound[Collection[str]]


@dataclass(frozen=True, slots=True)
class Terms:
    """A project's agreement at one moment. Units: fen. `contract_fen` 0 and `ends_on` None before a contract."""

    place: str
    lat: float | None
    lon: float | None
    shape: str
    content: str
    contract_fen: Fen
    own_fen: Fen
    other_fen: Fen
    ends_on: date | None

    def of(self, part: Part) -> dict[str, Any]:
        """Give the values of one part, as they are shown and compared."""
        return {name: getattr(self, name) for name in FIELDS[part]}


FIELDS: Mapping[Part, tuple[str, ...]] = {
    Part.PLACE: ("place", "lat", "lon", "shape"),
    Part.CONTENT: ("content",),
    Part.MONEY: ("contract_fen", "own_fen", "other_fen"),
    Part.TIME: ("ends_on",),
}
STATES: Mapping[Action, tuple[str, ...]] = {
    Action.ADJUST: ("awarded", "contracted", "building", "suspended"),
    Action.SUSPEND: ("building",),
    Action.RESUME: ("suspended",),
    Action.TERMINATE: ("contracted", "building", "suspended"),
}
"""States of a project in which each action can be asked for."""


def actions(state: str) -> list[str]:
    """Name what can be asked for in a state of a project."""
    return [str(action) for action, states in STATES.items() if state in states]


def parts_changed(before: Terms, after: Terms) -> tuple[Part, ...]:
    """Name the parts in which two agreements differ."""
    return tuple(part for part in Part if before.of(part) != after.of(part))


def extension_days(before: Terms, after: Terms) -> int:
    """Give by how many days the term grows; negative when it shrinks."""
    if before.ends_on is None or after.ends_on is None:
        return 0
    return (after.ends_on - before.ends_on).days


def is_minor(parts: Sequence[Part], before: Terms, after: Terms, limits: Limits) -> bool:
    """Tell whether nothing but the term moves, and not far."""
    return tuple(parts) == (Part.TIME,) and 0 < extension_days(before, after) <= limits.minor_days.value


@dataclass(frozen=True, slots=True)
class Asked:
    """A change order as it is checked. Units: fen; `grown_fen` is what the contract grew by before."""

    before: Terms
    after: Terms
    parts: tuple[Part, ...]
    cause: str
    audit_doc: str
    papers: int
    award_fen: Fen
    estimate_fen: Fen
    grown_fen: Fen
    today: date


def check(asked: Asked, limits: Limits) -> list[Line]:
    """Explain every condition of an adjustment. Codes: PRJ-470 to 474, PRJ-480."""
    lines = [Line("PRJ-470", "reason", bool(asked.parts), CHANGES, confirmed=True)]
    if Part.MONEY in asked.parts:
        lines += _money(asked, limits)
    if Part.TIME in asked.parts and asked.after.ends_on:
        holds = asked.after.ends_on >= asked.today
        lines.append(Line("PRJ-480", "ends_on", holds, TERM, confirmed=True, facts={"ends": asked.after.ends_on}))
    wanted = [p for p in asked.parts if p in limits.with_paper.value]
    if wanted:
        lines.append(_line("PRJ-474", "papers", asked.papers > 0, limits.with_paper, count=asked.papers))
    return lines


def check_stop(action: Action, asked: Asked, keep_fen: Fen, limits: Limits) -> list[Line]:
    """Explain every condition of standing still, going on or ending. Codes: PRJ-474, PRJ-480, PRJ-481."""
    lines: list[Line] = []
    if action is Action.RESUME and asked.after.ends_on:
        holds = asked.after.ends_on >= asked.today
        lines.append(Line("PRJ-480", "ends_on", holds, TERM, confirmed=True, facts={"ends": asked.after.ends_on}))
    if action is Action.TERMINATE:
        facts = {"keep": keep_fen, "contract": asked.before.contract_fen}
        holds = keep_fen <= asked.before.contract_fen
        lines.append(Line("PRJ-481", "keep_fen", holds, STOP, confirmed=True, facts=facts))
    if str(action) in limits.with_paper.value:
        lines.append(_line("PRJ-474", "papers", asked.papers > 0, limits.with_paper, count=asked.papers))
    return lines


def _money(asked: Asked, limits: Limits) -> list[Line]:
    growth = asked.after.contract_fen - asked.before.contract_fen
    top = asked.award_fen + asked.after.own_fen + asked.after.other_fen
    facts = {"amount": asked.after.contract_fen, "ceiling": top}
    lines = [Line("PRJ-472", "contract_fen", asked.after.contract_fen <= top, MONEY, confirmed=True, facts=facts)]
    if growth <= 0:
        return lines
    lines.append(_line("PRJ-471", "cause", asked.cause in limits.growth_causes.value, limits.growth_causes))
    whole = asked.grown_fen + growth
    over = whole * FULL_BP > asked.estimate_fen * limits.growth_audit_bp.value
    share = whole * FULL_BP // asked.estimate_fen if asked.estimate_fen else FULL_BP
    told = {"share": share, "limit": limits.growth_audit_bp.value, "growth": whole}
    lines.append(_line("PRJ-473", "audit_doc", not over or bool(asked.audit_doc), limits.growth_audit_bp, **told))
    return lines


def _line(code: str, field: str, holds: bool, bound: Bound[Any], **facts: Any) -> Line:  # noqa: FBT001, ANN401 - the outcome; facts of a sentence
    return Line(code, field, holds, bound.source, bound.confirmed, facts)


CHANGES = "政府投资条例 第二十一条"
MONEY = "政府投资条例 第二十三条"
TERM = "政府投资条例 第二十四条"
STOP = "政府投资条例 第三十四条"
