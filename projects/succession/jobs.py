"""Successions are carried out on their day; one that still has posts waits and stands on the admin's home page."""

from __future__ import annotations

from projects.succession import queries, service
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.kernel.tx import Tx


async def carry_out(tx: Tx, _period: str) -> None:
    """Carry out every recorded succession whose day has come and whose old village has no posts any more."""
    for number in await queries.due(tx):
        row = await queries.find(tx, number)
        if not await accounts.standing_posts(tx, row["division_code"]):
            await service.apply(tx, number)


JOBS = (Job("projects.succession", "day", carry_out, catch_up=1),)
