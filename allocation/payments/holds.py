"""What upper packages know about a project that money waits for: grave findings, and what was seen on site.

They say once, at import, how to ask them; this room never learns who they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.tx import Tx


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why nothing is paid on a project: a sentence in Chinese and the page where it is settled."""

    said: str
    url: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the works that counted: its day, what was seen in all, its page, its pictures (file ids)."""

    seen_on: date
    url: str
    photos: tuple[int, ...] = ()


Holding = Callable[[Tx, int], Awaitable[list[Hold]]]
Seeing = Callable[[Tx, int], Awaitable[list[Sight]]]
_HOLDS: list[Holding] = []
_SIGHTS: list[Seeing] = []


def bars_payments(ask: Holding) -> Holding:
    """Say how to ask what holds the payments of a project; may be used as a decorator."""
    _HOLDS.append(ask)
    return ask


def shows_works(ask: Seeing) -> Seeing:
    """Say how to ask what was seen of a project's works; may be used as a decorator."""
    _SIGHTS.append(ask)
    return ask


async def holds_of(tx: Tx, project_id: int) -> list[Hold]:
    """Ask everybody what holds the payments of a project."""
    return [hold for ask in _HOLDS for hold in await ask(tx, project_id)]


async def sights_of(tx: Tx, project_id: int) -> list[Sight]:
    """Ask everybody what was seen of a project's works, the latest first."""
    found = [sight for ask in _SIGHTS for sight in await ask(tx, project_id)]
    return sorted(found, key=lambda s: s.seen_on, reverse=True)
