"""Every day: which works are late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.works import delays
from quzhou_migrants.kernel.jobs import Job

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx


async def keep_delays(tx: Tx, _period: str) -> None:
    """Open, move and clear the warnings of the day."""
    await delays.look(tx)


JOBS = (Job("projects.works.delays", "day", keep_delays, catch_up=1),)
