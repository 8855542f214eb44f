"""Which papers a project has to have, by when, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

STAGES = ("intake", "review", "contract", "building", "completion", "acceptance", "handover", "money", "other")
"""The order in which a dossier is bound."""


class Filed(StrEnum):
    """How it stands with one paper."""

    PRESENT = "present"
    OVERDUE = "overdue"
    DUE = "due"
    LATER = "later"
    OPTIONAL = "optional"
    SPARED = "spared"


MISSING = (Filed.OVERDUE, Filed.DUE)
NEEDED = (Filed.PRESENT, *MISSING)


@dataclass(frozen=True, slots=True)
class Slot:
    """One paper of the list. Shape: `event` starts the term of `days`; `need` is always, large or optional."""

    kind: str
    stage: str
    who: str
    event: str
    days: int
    need: str


@dataclass(frozen=True, slots=True)
class Place:
    """One paper of a project: how it stands, and its last day once the event came."""

    slot: Slot
    filed: Filed
    due_on: date | None


def slots_of(listed: Iterable[Sequence[Any]]) -> list[Slot]:
    """Read the list of the pack."""
    return [Slot(kind, stage, who, event, int(days), need) for kind, stage, who, event, days, need in listed]


def judge(slot: Slot, *, there: bool, happened_on: date | None, large: bool, today: date) -> Place:
    """Say how it stands with one paper: a term begins with its event, and its last day still counts."""
    due_on = happened_on + timedelta(days=slot.days) if happened_on else None
    if there:
        return Place(slot, Filed.PRESENT, due_on)
    if slot.need == "optional":
        return Place(slot, Filed.OPTIONAL, None)
    if slot.need == "large" and not large:
        return Place(slot, Filed.SPARED, None)
    if due_on is None:
        return Place(slot, Filed.LATER, None)
    return Place(slot, Filed.OVERDUE if due_on < today else Filed.DUE, due_on)


def places(
    slots: Sequence[Slot], have: Mapping[str, int], events: Mapping[str, date | None], today: date, *, large: bool
) -> list[Place]:
    """Judge every paper of the list."""
    return [
        judge(s, there=have.get(s.kind, 0) > 0, happened_on=events.get(s.event), large=large, today=today)
        for s in slots
    ]


def completeness(found: Sequence[Place]) -> tuple[int, int]:
    """Count the papers there are among those that should be there by now. Shape: (there, needed)."""
    needed = [p for p in found if p.filed in NEEDED and p.slot.need != "optional"]
    return sum(p.filed is Filed.PRESENT for p in needed), len(needed)
