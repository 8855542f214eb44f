"""What stands on the home page and on a project's page."""

from __future__ import annotations

from inspection.permissions import P
from inspection.public import open_findings
from inspection.site_codes import queries as codes
from inspection.site_codes.forms import IssueForm
from inspection.visits import queries
from inspection.visits.states import F
from projects.public import Panel, Row
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import new_form

MOST = 50


async def waiting(tx: Tx) -> list[Task]:
    """List doubtful visits to decide on, findings to mend or confirm, and one's own visits with missing pictures."""
    tasks: list[Task] = []
    if tx.actor.may(P.JUDGE):
        tasks += await _visits(tx, "v.state = 'held' AND v.inspector_id IS DISTINCT FROM $1", "visit_judge")
    if tx.actor.may(P.VISIT):
        tasks += await _visits(tx, "v.state = 'incomplete' AND v.inspector_id = $1", "visit_incomplete")
    if tx.actor.may(P.MEND) or tx.actor.may(P.CLOSE):
        tasks += await _findings(tx)
    return tasks


async def _findings(tx: Tx) -> list[Task]:
    """List what this person may mend, and what others say they mended; the serious first among those of one day."""
    rows = await tx.conn.fetch(
        "SELECT visit, content, due_on, division_code, state, serious FROM inspection_finding"
        " WHERE state = 'open' AND $2 OR state = 'mended' AND $3 AND mended_by IS DISTINCT FROM $4"
        " ORDER BY due_on NULLS LAST, serious DESC, id LIMIT $1",
        MOST,
        tx.actor.may(P.MEND),
        tx.actor.may(P.CLOSE),
        tx.actor.user_id,
    )
    grave = f"{CATALOGUE.state('GRAVITY', 'grave')}："
    return [
        Task(
            f"{grave if r['serious'] else ''}{r['content'][:60]}", f"/visits/{r['visit']}", r["due_on"],
            r["division_code"], "finding" if r["state"] == F.OPEN else "finding_mended",
        )
        for r in rows
    ]  # fmt: skip


async def _visits(tx: Tx, which: str, kind: str) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT v.id, v.division_code, p.title FROM inspection_visit v"  # noqa: S608 - the conditions stand above
        f" JOIN projects_project p ON p.id = v.project WHERE {which} ORDER BY v.id LIMIT $2",
        tx.actor.user_id,
        MOST,
    )
    return [Task(r["title"], f"/visits/{r['id']}", None, r["division_code"], kind) for r in rows]


async def of_project(tx: Tx, project: Row) -> Panel | None:
    """Show a project's code, its latest visits with pictures, and what is still wrong."""
    if not tx.actor.may(P.VIEW):
        return None
    code = await codes.active_of(tx, project["id"])
    visits = await queries.of_project(tx, project["id"])
    may_issue = tx.actor.may(P.ISSUE) and code is None and project["state"] in queries.VISITABLE
    if not (code or visits or may_issue):
        return None
    findings = await open_findings(tx, project["id"])
    return Panel(
        "inspection/visits/panel.html",
        {
            "code": code,
            "visits": visits,
            "findings": findings,
            "may_issue": may_issue,
            "project_id": project["id"],
            "form": new_form(IssueForm),
        },
    )
