"""Every day: planned projects whose term is over go back to the reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.plan.falling import fall_back
from quzhou_migrants.kernel.jobs import Job

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx


async def free_money(tx: Tx, _period: str) -> None:
    """Let projects fall back whose plan was approved too long ago."""
    await fall_back(tx)


JOBS = (Job("projects.plan.fall_back", "day", free_money, catch_up=1),)
