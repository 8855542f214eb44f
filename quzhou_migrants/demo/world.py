"""What all demonstration data is made from: one seed, the words, the map, the people who act."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.tx import Tx, begin

Report = Callable[[str, int, int], None]
BUSINESS_DATE = date(2026, 9, 16)
"""The day the demonstration stands on: inside the September window."""

_requests = itertools.count(1)


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The word lists, read once."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def say(name: str, /, **facts: object) -> str:
    """Make a sentence of the word lists."""
    return str(words()["say"][name]).format(**facts)


@dataclass(frozen=True, slots=True)
class Village:
    """A generated village: its code, its name, the centre that its projects lie around."""

    code: str
    name: str
    full_name: str
    township: str
    kind: str
    lat: float
    lon: float

    @property
    def county(self) -> str:
        """Code of the county."""
        return self.code[:6] + "000000"


@dataclass(slots=True)
class World:
    """The map and the cast of one demonstration."""

    seed: int
    counties: dict[str, str] = field(default_factory=dict)
    townships: dict[str, str] = field(default_factory=dict)
    villages: list[Village] = field(default_factory=list)
    cast: dict[tuple[str, str], list[Actor]] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    borrowed_on: date = date.min

    def rng(self, purpose: str) -> Random:
        """Give the random numbers of one purpose: adding a purpose changes no other."""
        return Random(f"{self.seed}/{purpose}")  # noqa: S311 - reproducible, not secret

    def actor(self, role: Role, division: str, number: int = 0) -> Actor:
        """Give who holds a role in a division."""
        return self.cast[role, division][number]


@asynccontextmanager
async def acting(actor: Actor, day: date, hour: int = 10) -> AsyncIterator[Tx]:
    """Act as somebody on a day of the past, in a transaction that commits."""
    moment = datetime.combine(day, time(hour, next(_requests) % 60), SHANGHAI)
    async with begin(actor, request_id=f"demo-{next(_requests)}", command="demo", at=moment) as tx:
        # A demonstration lost in a power cut is made again: its commits need not wait for the disk.
        await tx.conn.execute("SET LOCAL synchronous_commit = off")
        yield tx
