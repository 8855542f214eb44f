"""The opening and closing of intake windows, written down on the day they happen.

Whether a window is open is decided by the clock alone (`windows.open_window`); this only keeps the
record: the rule it opened under, and at its end how much was filed and how much stayed a draft.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.intake import windows
from projects.intake.parameters import intake_rules
from quzhou_migrants.kernel.jobs import Job

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

CLAUSE = "衢政办发〔2016〕65号 二(二)1"
CITIES = "SELECT code FROM kernel_division WHERE level = 'city' AND active ORDER BY code"
OPEN = """
INSERT INTO projects_window (division_code, name, opens_on, closes_on, rule) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (division_code, name) DO NOTHING RETURNING id
"""
CLOSE = """
UPDATE projects_window w SET closed_at = $3,
  filed = (SELECT count(*) FROM projects_project p WHERE p."window" = w.name
    AND left(p.division_code, 4) = left(w.division_code, 4)),
  drafts = (SELECT count(*) FROM projects_project p WHERE p.state = 'draft'
    AND left(p.division_code, 4) = left(w.division_code, 4))
WHERE w.division_code = $1 AND w.closes_on < $2 AND w.closed_at IS NULL
RETURNING w.id, w.name, w.filed, w.drafts
"""


async def keep_windows(tx: Tx, _period: str) -> None:
    """Record the window that is open today and close the ones whose last day is over.

    Runs every day, for every city, on the business date; a repeat changes nothing.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    for row in await tx.conn.fetch(CITIES):
        await _open(tx, row["code"])
        for done in await tx.conn.fetch(CLOSE, row["code"], tx.today, tx.now):
            subject = ("projects_window", done["id"], row["code"])
            facts = {"window": done["name"], "filed": done["filed"], "drafts": done["drafts"]}
            await tx.note(subject, "projects.window.close", clause=CLAUSE, **facts)


async def _open(tx: Tx, city: str) -> None:
    rules = intake_rules(tx.policy_for(city))
    current = windows.open_window(rules.months, tx.now)
    if current is None:
        return
    made = await tx.conn.fetchval(
        OPEN, city, current.name, current.opens_on, current.closes_on, tx.policy_for(city).version
    )
    if made:
        await tx.note(("projects_window", made, city), "projects.window.open", clause=CLAUSE, window=current.name)


JOBS = (Job("projects.windows", "day", keep_windows, catch_up=1),)
