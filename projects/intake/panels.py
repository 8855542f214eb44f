"""What waits on the home page around applications: drafts and their last day, pleas to file late."""

from __future__ import annotations

from typing import Any

from projects.intake import queries, windows
from projects.permissions import P
from projects.public import Panel
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20  # lines of one kind; the rest stands in the lists

_MINE = """
SELECT p.id, p.title, p.division_code, p.state, p.correct_by, l.until,
  EXISTS (SELECT 1 FROM projects_reminder r WHERE r.project = p.id
    AND r.due_on = CASE p.state WHEN 'returned' THEN p.correct_by ELSE coalesce($2, l.until) END) AS reminded
FROM projects_project p
LEFT JOIN projects_late l ON l.project = p.id AND l.state = 'granted' AND l.until >= $1
WHERE p.state IN ('draft', 'returned') ORDER BY p.id LIMIT $3
"""


async def drafts(tx: Tx) -> list[Task]:
    """Drafts to file before the window closes, returned ones before their term ends; reminded ones say so."""
    if not tx.actor.may(P.SUBMIT):
        return []
    extended = await queries.extensions(tx, tx.actor.division_code)
    current = windows.open_window(tx.policy.get("projects.intake.window_months"), tx.now, extended)
    closes = current.closes_on if current else None
    return [_draft(row, closes) for row in await tx.conn.fetch(_MINE, tx.today, closes, MOST)]


def _draft(row: Any, closes: Any) -> Task:  # noqa: ANN401 - a database row, a date or nothing
    due = row["correct_by"] if row["state"] == "returned" else closes or row["until"]
    kind = "reminder" if row["reminded"] else row["state"]
    return Task(row["title"], f"/projects/{row['id']}/apply", due, row["division_code"], f"projects.{kind}")


async def pleas(tx: Tx) -> list[Task]:
    """Pleas to file late that wait for a leader."""
    if not tx.actor.may(P.ALLOW_LATE):
        return []
    rows = await tx.conn.fetch(
        "SELECT l.id, l.division_code, p.title FROM projects_late l JOIN projects_project p ON p.id = l.project"
        " WHERE l.state = 'asked' ORDER BY l.id LIMIT $1",
        MOST,
    )
    return [Task(r["title"], f"/late/{r['id']}", None, r["division_code"], "projects.late") for r in rows]


async def unfiled(tx: Tx) -> list[Task]:
    """For a township: how many drafts of its villages are not filed, once the first reminder was sent."""
    if not tx.actor.may(P.CHECK):
        return []
    row = await tx.conn.fetchrow(
        "SELECT count(DISTINCT p.id) AS drafts, max(r.due_on) AS due FROM projects_project p"
        " JOIN projects_reminder r ON r.project = p.id WHERE p.state = 'draft' AND r.due_on >= $1",
        tx.today,
    )
    if not row["drafts"]:
        return []
    title = CATALOGUE.text("projects.unfiled").format(count=row["drafts"])
    return [Task(title, "/projects?state=draft", row["due"], tx.actor.division_code, "projects.reminder")]


async def filed(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """On a project's page: contents, promised results and shares as they were filed."""
    found = await queries.tables(tx, project["id"], project["round"]) if project["round"] else {}
    return Panel("projects/intake/filed_panel.html", found) if any(found.values()) else None


PANELS = [drafts, pleas, unfiled]
