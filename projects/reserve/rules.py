"""How long a project may stay in the reserve.

Source: 衢政办发〔2016〕65号 二(二)1 (a pool that rolls over three to five years).
"""

from __future__ import annotations

import calendar
from datetime import date

from quzhou_migrants.kernel.clock import WorkCalendar, add_working_days
from quzhou_migrants.kernel.errors import Refused


def years_after(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 28 February in a common year."""
    year = day.year + years
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))


def valid_until(admitted_on: date, years: int, least: int, most: int) -> date:
    """Last day in the reserve of a project admitted for a number of years.

    Raises: Refused PRJ-206, the cycle is shorter or longer than the rule allows.
    """
    if not least <= years <= most:
        raise Refused("PRJ-206", field="years", years=years, least=least, most=most)
    return years_after(admitted_on, years)


def expired(until: date, today: date) -> bool:
    """Tell whether the last day in the reserve is over."""
    return until < today


def correction_term(today: date, days: int, work: WorkCalendar) -> date:
    """Last day on which a returned application may come back.

    Until the holidays of the next year are published, its weekdays count as worked: the village
    is never kept from being told a day.
    Units: statutory working days.
    """
    try:
        return add_working_days(today, days, work)
    except Refused:
        return add_working_days(today, days, WorkCalendar(frozenset({today.year, today.year + 1})))
