"""The platform's own scheduled work: seal the change log, keep its daily checkpoint, forget used form tokens."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from quzhou_migrants.kernel import audit
from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.kernel.logs import logger

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

LOG = logger("chores")
TOKENS = "DELETE FROM kernel_once WHERE at < now() - interval '30 days'"


async def seal_changes(connection: Any, _period: str) -> None:  # noqa: ANN401 - asyncpg has no types
    """Link what was changed since the last minute to the chain."""
    await audit.seal(connection)


async def keep_checkpoint(connection: Any, period: str) -> None:  # noqa: ANN401 - asyncpg has no types
    """Record the chain's head as the end of yesterday, here and in the log, which others keep."""
    yesterday = date.fromisoformat(period) - timedelta(days=1)
    await audit.seal(connection)
    head = await audit.checkpoint(connection, yesterday)
    LOG.info("chain.checkpoint", day=yesterday.isoformat(), head=head)


async def forget_tokens(tx: Tx, _period: str) -> None:
    """Delete form tokens nobody can send again."""
    await tx.conn.execute(TOKENS)


CHORES = (
    Job("kernel.seal", "minute", seal_changes, as_owner=True),
    Job("kernel.checkpoint", "day", keep_checkpoint, as_owner=True, catch_up=1),
    Job("kernel.forget_tokens", "day", forget_tokens, catch_up=1),
)
