"""What the calendar does by itself: refreshes open and close, terms end.

A refresh that nobody opened opens with its month, and closes the day after its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.refresh import rules, service
from quzhou_migrants.kernel.jobs import Job

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

# Counties whose reserve holds something, and the refreshes they had.
COUNTIES = """
SELECT d.code, array(SELECT r.name FROM projects_refresh r WHERE r.division_code = d.code) AS known
FROM kernel_division d WHERE d.level = 'county' AND d.active
  AND EXISTS (SELECT 1 FROM projects_project p WHERE p.state = 'admitted'
    AND p.division_code >= d.code AND p.division_code < (d.code::bigint + 1000000)::text)
ORDER BY d.code
"""
OVER = "SELECT id FROM projects_refresh WHERE state = 'open' AND closes_on < $1 ORDER BY id"


async def keep_refreshes(tx: Tx, _period: str) -> None:
    """Close what is over, expire what has ended, open what begins. Runs every day; a repeat changes nothing.

    Source: 衢政办发〔2016〕65号 二(二)1
    """
    for row in await tx.conn.fetch(OVER, tx.today):
        await service.close(tx, row["id"])
    await service.expire_ended(tx)
    for row in await tx.conn.fetch(COUNTIES):
        span = rules.running(tx.today, tuple(tx.policy_for(row["code"]).get("projects.reserve.refresh_months")))
        if span and span.name not in row["known"]:
            await service.begin(tx, row["code"], span)


JOBS = (Job("projects.refresh", "day", keep_refreshes, catch_up=1),)
