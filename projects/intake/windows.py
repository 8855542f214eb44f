"""Intake windows: whole months in which applications are taken, both ends inside.

Source: 衢政办发〔2016〕65号 二(二)1 (March and September of each year).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from quzhou_migrants.kernel.clock import end_of_day, month_span, shanghai, start_of_day

Extended = Mapping[str, date]
"""Until when a county keeps windows open. Shape: {name of the window: last day}."""


@dataclass(frozen=True, slots=True)
class Window:
    """One intake window; `name` is what an application keeps of it, such as "2026-09".

    `usual` is the last day of the pack, `closes_on` the one that holds: a county may have extended it.
    """

    name: str
    opens_on: date
    closes_on: date
    usual: date

    @property
    def is_extended(self) -> bool:
        """Tell whether a county keeps it open longer than the pack does."""
        return self.closes_on > self.usual

    def until(self, extended: Extended) -> Window:
        """Give this window as a county keeps it."""
        return replace(self, closes_on=max(extended.get(self.name, self.usual), self.closes_on))

    @property
    def opens_at(self) -> datetime:
        """First moment inside."""
        return start_of_day(self.opens_on)

    @property
    def closes_at(self) -> datetime:
        """Last moment inside."""
        return end_of_day(self.closes_on)

    def contains(self, moment: datetime) -> bool:
        """Tell whether a moment lies inside, by the date in Shanghai.

        Raises: ValueError, the moment has no time zone.
        """
        return self.opens_on <= shanghai(moment).date() <= self.closes_on

    def left(self, moment: datetime) -> timedelta:
        """Time until the window closes; negative afterwards."""
        return self.closes_at - shanghai(moment)


def window(year: int, month: int) -> Window:
    """Give the window that fills one month."""
    first, last = month_span(year, month)
    return Window(f"{year:04d}-{month:02d}", first, last, last)


def open_window(months: Sequence[int], moment: datetime, extended: Extended | None = None) -> Window | None:
    """Give the window that is open at a moment, if one is; of two, the newer."""
    found = last_window(months, moment, extended)
    return found if found.contains(moment) else None


def last_window(months: Sequence[int], moment: datetime, extended: Extended | None = None) -> Window:
    """Give the newest window that has opened by a moment, open still or not.

    Raises: StopIteration never: a year has at least one window, or the pack is refused at load.
    """
    day = shanghai(moment).date()
    return next(w for w in _back(day.year, months) if w.opens_on <= day).until(extended or {})


def next_window(months: Sequence[int], moment: datetime) -> Window:
    """Give the next window that opens after a moment.

    Raises: StopIteration never: a year has at least one window, or the pack is refused at load.
    """
    day = shanghai(moment).date()
    return next(w for w in _from(day.year, months) if w.opens_on > day)


def named(name: str) -> Window:
    """Give the window an application was filed in."""
    year, month = name.split("-")
    return window(int(year), int(month))


def _from(year: int, months: Sequence[int]) -> Iterator[Window]:
    while True:
        yield from (window(year, month) for month in sorted(months))
        year += 1


def _back(year: int, months: Sequence[int]) -> Iterator[Window]:
    while True:
        yield from (window(year, month) for month in sorted(months, reverse=True))
        year -= 1
