"""The opening and closing of intake windows, written down on the day they happen.

Whether a window is open is decided by the clock alone (`windows.open_window`); this only keeps the
record: the rule it opened under, and at its end how much was filed and how much stayed a draft. A city's
window is written down as closed when the last of its counties has closed it. Drafts are called to mind.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from projects.intake import queries, windows
from projects.intake.parameters import intake_rules, window_rules
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import working_days_between
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
WHERE w.division_code = $1 AND w.closes_on < $2 AND w.closed_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM projects_window_extension e WHERE e."window" = w.name AND e.closes_on >= $2
    AND left(e.division_code, 4) = left(w.division_code, 4))
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


COUNTIES = "SELECT code FROM kernel_division WHERE level = 'county' AND active ORDER BY code"
RETURNED = """
SELECT DISTINCT correct_by FROM projects_project
WHERE division_code >= $1 AND division_code < $2 AND state = 'returned' AND correct_by >= $3 ORDER BY 1
"""
# One note per application, last day and number of days: a repeat, or a second window, tells nothing twice.
REMIND = """
INSERT INTO projects_reminder (project, division_code, due_on, days, at)
SELECT p.id, p.division_code, $2, $3, $4 FROM projects_project p
WHERE p.division_code >= $1 AND p.division_code < $5
  AND (($6 AND p.state = 'draft') OR (p.state = 'returned' AND p.correct_by = $2))
ON CONFLICT DO NOTHING RETURNING project, division_code
"""


async def remind(tx: Tx, _period: str) -> None:
    """Call drafts to mind at the set working days before their window closes, returned ones before their term ends.

    Runs every day, for every county, on the business date; a repeat changes nothing.
    """
    for row in await tx.conn.fetch(COUNTIES):
        lo, hi = code_range(row["code"])
        rules = window_rules(tx.policy_for(row["code"]))
        current = windows.open_window(rules.months, tx.now, await queries.extensions(tx, row["code"]))
        closes = current.closes_on if current else None
        terms = {r["correct_by"] for r in await tx.conn.fetch(RETURNED, lo, hi, tx.today)}
        for due in sorted(terms | ({closes} if closes else set())):
            days = working_days_between(tx.today, due, tx.policy_for(row["code"]).work_calendar)
            if days in rules.remind_days:
                await _remind(tx, (lo, hi), due, days, drafts=due == closes)


async def _remind(tx: Tx, span: tuple[str, str], due: date, days: int, *, drafts: bool) -> None:
    for told in await tx.conn.fetch(REMIND, span[0], due, days, tx.now, span[1], drafts):
        subject = ("projects_project", told["project"], told["division_code"])
        await tx.note(subject, "projects.reminder.sent", clause=CLAUSE, days=days, due_on=due)


JOBS = (
    Job("projects.windows", "day", keep_windows, catch_up=1),
    Job("projects.reminders", "day", remind, catch_up=1),
)
