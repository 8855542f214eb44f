"""Watching the works: those under way, the curve of one, what is late and why."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.changes import queries as changes
from projects.changes.rules import actions
from projects.permissions import P
from projects.queries import find
from projects.works import delays, lists, procurement, queries, schedule
from projects.works.forms import AnswerForm
from projects.works.service import SITE_BEFORE, milestones_of
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]


@get("/works", opt=needs(P.VIEW))
async def works(request: AnyRequest) -> Page:
    """List the contracts under way."""
    return await lists.WORKS.respond(request, "projects/works/list.html")


@get("/works/delays", opt=needs(P.VIEW))
async def late(request: AnyRequest) -> Page:
    """List what is late, and what was."""
    return await lists.DELAYS.respond(request, "projects/works/delays.html")


@get("/projects/{project_id:int}/works", opt=needs(P.VIEW))
async def one(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the works of a project: the curve, the steps, the way to the contractor, changes, warnings."""
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        facts: Row = {
            "p": row,
            "curve": await curve_of(tx, project_id),
            "planned": await queries.planned_today(tx, project_id),
            "milestones": await milestones_of(tx, project_id),
            "contract": await _one(tx, "projects_contract", project_id),
            "start": await _one(tx, "projects_start", project_id),
            "procurement": await procurement.of_project(tx, project_id),
            "delays": await queries.delays_of(tx, project_id),
            "changes": await changes.of_project(tx, project_id),
            "photos": await files_of(tx, ("projects_project", project_id), SITE_BEFORE),
            "actions": _actions(tx, row),
            "today": tx.today,
        }
    return render(request, "projects/works/works.html", **facts)


async def curve_of(tx: Tx, project_id: int) -> list[schedule.Beside]:
    """Draw plan and progress of a project beside each other; empty before a contract."""
    found = await queries.works_of(tx, project_id)
    if found is None:
        return []
    points = schedule.curve(found.starts_on, found.ends_on, found.steps)
    seen = [schedule.Point(r["seen_on"], r["progress_bp"]) for r in await queries.seen_points(tx, project_id)]
    return schedule.beside(points, seen, tx.today)


async def _one(tx: Tx, table: str, project_id: int) -> Row | None:
    found = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE project = $1", project_id)  # noqa: S608 - our own tables
    return dict(found) if found else None


def _actions(tx: Tx, row: Row) -> list[tuple[str, str, str]]:
    found = []
    if row["state"] == "awarded" and tx.actor.may(P.CONTRACT):
        found.append(("procurement", "primary"))
    if tx.actor.may(P.BUILD):
        found += [(action, "outline-primary") for action in actions(row["state"])]
    return [(name, f"/projects/{row['id']}/{name}", kind) for name, kind in found]


@get("/works/delays/{delay_id:int}", opt=needs(P.VIEW))
async def delay(request: AnyRequest, delay_id: FromPath[int]) -> Page:
    """Show one warning, and the answer to it."""
    return await _delay(request, delay_id)


async def _delay(request: AnyRequest, delay_id: int, form: Form[AnswerForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await delays.find(tx, delay_id)
        may = tx.actor.may(P.BUILD)
        curve = await curve_of(tx, row["project"])
        today = tx.today
    shown = form or new_form(AnswerForm, row | {"seen": row["version"]})
    return render(
        request,
        "projects/works/delay.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        d=row,
        may=may,
        curve=curve,
        today=today,
    )


@post("/works/delays/{delay_id:int}", opt=needs(P.BUILD), status_code=200)
async def answer(request: AnyRequest, delay_id: FromPath[int]) -> Page:
    """Say why works are late."""
    form = await read_form(request, AnswerForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await delays.answer(tx, delay_id, form.value)
            return see_other(await tx.done(f"/works/delays/{delay_id}"), flash="projects.flash.delay_answered")
    return await _delay(request, delay_id, form)


ROUTES = [works, late, one, delay, answer]
