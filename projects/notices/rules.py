"""When is a public notice over, and is everything said against it answered? Computed, line by line.

Source: 大中型水利水电工程建设征地补偿和移民安置条例 第五十三条; 建民字〔2022〕62号; 永嘉县2025年项目计划公示.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from projects.intake.rules import Notice, NoticeRule, notice_days
from projects.rules import Bound, Line

_DAY = timedelta(days=1)
Works = Callable[[date], bool]


class Kind(StrEnum):
    """What a notice is about."""

    VILLAGE = "village"
    PLAN = "plan"
    ADJUSTMENT = "adjustment"
    RESULT = "result"


class Channel(StrEnum):
    """How an objection came in."""

    ONLINE = "online"
    PAPER = "paper"


class Photo(StrEnum):
    """What a photo of the board proves."""

    START = "start_photo"
    END = "end_photo"


@dataclass(frozen=True, slots=True)
class Posted:
    """A notice as it hung. Units: dates, pieces."""

    starts_on: date
    ends_on: date
    received: int
    answered: int
    photos: frozenset[str]


@dataclass(frozen=True, slots=True)
class PostingRule:
    """How long a kind of notice hangs, and whether its board is photographed."""

    days: NoticeRule
    photos: Bound[bool]


def last_day(starts_on: date, rule: NoticeRule, works: Works) -> date:
    """Give the first day on which a notice that began on a day has hung long enough.

    Raises: Refused KRN-120, the days leave the years whose holidays are known.
    """
    ends_on = starts_on
    while notice_days(Notice(starts_on, ends_on, 0, 0), rule, works) < rule.days.value:
        ends_on += _DAY
    return ends_on


def check_posting(p: Posted, rule: PostingRule, today: date, works: Works) -> list[Line]:
    """Explain whether a notice may be closed: days, end, photos, objections."""
    days, need = notice_days(Notice(p.starts_on, p.ends_on, 0, 0), rule.days, works), rule.days.days.value
    lines = [
        _line("PRJ-501", "ends_on", rule.days.days, holds=days >= need, days=days, need=need,
              kind=rule.days.kind.value.value),
        _line("PRJ-502", "ends_on", rule.days.days, holds=p.ends_on < today, ends=p.ends_on),
        _line("PRJ-504", "outcome", rule.days.days, holds=p.answered == p.received,
              received=p.received, answered=p.answered, left=p.received - p.answered),
    ]  # fmt: skip
    if rule.photos.value:
        lines += [
            _line("PRJ-503", photo.value, rule.photos, holds=photo.value in p.photos, photo=photo.value)
            for photo in Photo
        ]
    return lines


def _line(code: str, field: str, bound: Bound[Any], *, holds: bool, **facts: object) -> Line:
    return Line(code, field, holds, bound.source, bound.confirmed, facts)
