"""Two people at once, as a test can command it: one stands in the middle of a step, the other is seen waiting.

The first does its work and does not commit; the second begins on a connection of its own, until the database
itself says (pg_locks) that it waits for a lock; then the first commits. No clock decides anything.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from house import NOW

from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.tx import Tx, begin

Work = Callable[[Tx], Awaitable[Any]]


@dataclass(frozen=True)
class Race:
    """How two steps that met ended: "done" or the code of the refusal; whether the second had to wait."""

    first: str
    second: str
    waited: bool


async def as_committed(who: Actor, work: Work) -> Any:
    """Do one thing in a transaction of its own."""
    async with begin(who, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        return await work(tx)


async def outcome(who: Actor, work: Work) -> str:
    """Commit one step; answer "done" or the code it was refused with."""
    try:
        await as_committed(who, work)
    except Invalid as refusal:
        return refusal.problems[0].code
    return "done"


async def meet(first: tuple[Actor, Work], second: tuple[Actor, Work]) -> Race:
    """Let the second step begin while the first is done and not yet committed."""
    stands, go = asyncio.Event(), asyncio.Event()
    backend: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def held(tx: Tx) -> None:
        try:
            await first[1](tx)
        finally:
            stands.set()
        await go.wait()

    async def behind(tx: Tx) -> None:
        backend.set_result(await tx.conn.fetchval("SELECT pg_backend_pid()"))
        await second[1](tx)

    one = asyncio.create_task(outcome(first[0], held))
    await stands.wait()
    other = asyncio.create_task(outcome(second[0], behind))
    waited = await _seen_waiting(await backend, other)
    go.set()
    return Race(await one, await other, waited)


async def _seen_waiting(backend: int, task: asyncio.Task[str]) -> bool:
    """Ask the database until the connection waits for a lock, or its step ended without waiting."""
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        while not task.done():
            if await tx.conn.fetchval("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted)", backend):
                return True
    return False
