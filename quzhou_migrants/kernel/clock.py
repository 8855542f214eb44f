"""The one clock: Asia/Shanghai, days that end at midnight inclusive, statutory working days.

Rules reckon in dates; stored moments are aware datetimes. Nothing else in the house reads the
machine's clock, so that tests and the demonstration can stand on a stated day.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chinese_calendar import constants  # type: ignore[import-untyped]  # ships no types

from quzhou_migrants.kernel.errors import Refused

SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_REST, _WORKED = frozenset(constants.holidays), frozenset(constants.workdays)
PUBLISHED = range(min(_REST).year, max(_REST).year + 1)
"""The years whose holidays the State Council has published, as far as the installed calendar knows."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked: the published calendar, and the years a policy pack adds to it.

    Shape: `years` the pack answers for; in them, `rest` names weekdays off and `worked` names
    weekends worked; every other day follows the week.
    Source: 全国年节及纪念日放假办法, 国务院办公厅每年的节假日安排通知
    """

    years: frozenset[int] = frozenset()
    rest: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Tell whether a day is a statutory working day.

        Raises: Refused KRN-120, neither the calendar nor the pack knows that year.
        """
        if day.year in self.years:
            return day in self.worked or (day.weekday() < calendar.SATURDAY and day not in self.rest)
        if day.year not in PUBLISHED:
            raise Refused("KRN-120", year=day.year)
        return day in _WORKED or (day.weekday() < calendar.SATURDAY and day not in _REST)


STATUTORY = WorkCalendar()


def system_now() -> datetime:
    """Read the machine's clock, in Shanghai time."""
    return datetime.now(SHANGHAI)


def business_now(business_date: date | None) -> datetime:
    """Read the business clock: the machine's, or its time of day on a stated date."""
    now = system_now()
    return now if business_date is None else datetime.combine(business_date, now.timetz())


def shanghai(moment: datetime) -> datetime:
    """Express a moment in Shanghai time.

    Raises: ValueError, the moment has no time zone.
    """
    if moment.tzinfo is None:
        message = "a moment without a time zone"
        raise ValueError(message)
    return moment.astimezone(SHANGHAI)


def start_of_day(day: date) -> datetime:
    """Give the first moment of a day."""
    return datetime.combine(day, time.min, SHANGHAI)


def end_of_day(day: date) -> datetime:
    """Give the last moment of a day: a deadline is kept until then, inclusive."""
    return datetime.combine(day, time.max, SHANGHAI)


def month_span(year: int, month: int) -> tuple[date, date]:
    """Give the first and the last day of a month, both inside."""
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def is_working_day(day: date, work: WorkCalendar = STATUTORY) -> bool:
    """Tell whether a day is a statutory working day."""
    return work.works(day)


def add_working_days(day: date, count: int, work: WorkCalendar = STATUTORY) -> date:
    """Give the working day that lies `count` working days after `day` (before, when negative).

    The day itself is not counted, whether it is worked or not.

    Units: statutory working days.
    Raises: Refused KRN-120, the count leaves the years that are known.
    """
    step = _DAY if count > 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        left -= work.works(day)
    return day


def working_days_between(start: date, end: date, work: WorkCalendar = STATUTORY) -> int:
    """Count the working days after `start` up to and with `end`; negative when `end` is earlier.

    Units: statutory working days.
    Raises: Refused KRN-120, the span leaves the years that are known.
    """
    if end < start:
        return -working_days_between(end, start, work)
    return sum(work.works(start + _DAY * n) for n in range(1, (end - start).days + 1))
