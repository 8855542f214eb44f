"""Periods of scheduled work: their names, and which of them are due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["day", "hour", "minute"]

_FORMAT: dict[Kind, str] = {"day": "%Y-%m-%d", "hour": "%Y-%m-%dT%H", "minute": "%Y-%m-%dT%H:%M"}
_STEP: dict[Kind, timedelta] = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}
CATCH_UP: dict[Kind, int] = {"day": 40, "hour": 24, "minute": 1}


def period_key(kind: Kind, now: datetime) -> str:
    """Name the period a moment lies in: `2026-09-16`, `2026-09-16T08`, `2026-09-16T08:30`."""
    return now.strftime(_FORMAT[kind])


def due(kind: Kind, last: str | None, now: datetime, limit: int) -> list[str]:
    """List the periods after `last` up to the current one, oldest first, at most the newest `limit`.

    A job that never ran starts with the current period; a clock moved back makes nothing due.
    """
    current = period_key(kind, now)
    if last is None:
        return [current]
    found: list[str] = []
    moment, key = now, current
    while key > last and len(found) < limit:
        found.append(key)
        moment -= _STEP[kind]
        key = period_key(kind, moment)
    return found[::-1]
