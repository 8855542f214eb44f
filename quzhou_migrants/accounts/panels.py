"""What an account brings to the home page: the other errands somebody from outside was engaged for."""

from __future__ import annotations

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx


async def elsewhere(tx: Tx) -> list[Task]:
    """List the running engagements beside the one acted in.

    One session sees one engagement alone, so whoever sits on two panels would take an empty page for nothing to do.
    """
    if not tx.actor.engagement_id:
        return []
    rows = await tx.conn.fetch("SELECT * FROM accounts_identities($1)", tx.actor.user_id)
    title = CATALOGUE.text("task.engagement.title")
    return [
        Task(title.format(purpose=r["purpose"]), "/account", r["ends_on"], r["division_code"], "engagement")
        for r in rows
        if r["engagement_id"] not in {None, tx.actor.engagement_id}
    ]
