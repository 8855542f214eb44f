"""The works for programs: one project's plan and progress, what is late, the change orders."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.params import FromPath, QueryParameter

from projects.permissions import P
from projects.queries import find
from projects.works import queries, schedule
from projects.works.service import milestones_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]
After = Annotated[int, QueryParameter(ge=0, le=2**62)]
Limit = Annotated[int, QueryParameter(ge=1, le=200)]


class StepOut(msgspec.Struct, frozen=True):
    """One milestone. Units: basis points."""

    seq: int
    title: str
    weight_bp: int
    planned_on: date | None
    progress_bp: int


class PointOut(msgspec.Struct, frozen=True):
    """Plan and progress on a day. Units: basis points; `seen_bp` null where nobody can know yet."""

    day: date
    planned_bp: int
    seen_bp: int | None


class WorksOut(msgspec.Struct, frozen=True):
    """The works of a project. Units: fen, basis points."""

    project: int
    state: str
    contract_fen: int
    starts_on: date | None
    ends_on: date | None
    progress_bp: int
    planned_bp: int
    steps: list[StepOut]
    curve: list[PointOut]


class DelayOut(msgspec.Struct, frozen=True):
    """A warning that works are late. Units: basis points."""

    id: int
    project: int
    kind: str
    level: str
    since_on: date
    behind_bp: int
    reason: str
    forecast_on: date | None
    cleared_on: date | None


class DelaysOut(msgspec.Struct, frozen=True):
    """A page of warnings; `next` is the `after` of the following page, null at the end."""

    items: list[DelayOut]
    next: int | None


class ChangeOut(msgspec.Struct, frozen=True):
    """A change order. Units: fen."""

    id: int
    project: int
    action: str
    parts: list[str]
    cause: str
    growth_fen: int
    state: str
    doc_no: str


class ChangesOut(msgspec.Struct, frozen=True):
    """A page of change orders; `next` is the `after` of the following page, null at the end."""

    items: list[ChangeOut]
    next: int | None


_DELAYS = (
    f"SELECT {', '.join(DelayOut.__struct_fields__)} FROM projects_delay"  # noqa: S608 - our own columns
    " WHERE id > $1 AND (NOT $2 OR cleared_on IS NULL) ORDER BY id LIMIT $3"
)
_CHANGES = (
    f"SELECT {', '.join(ChangeOut.__struct_fields__)} FROM projects_change"  # noqa: S608 - our own columns
    " WHERE id > $1 AND ($2 = '' OR state = $2) ORDER BY id LIMIT $3"
)


@get("/projects/{project_id:int}/works", opt=needs(P.VIEW))
async def works(request: AnyRequest, project_id: FromPath[int]) -> WorksOut:
    """Give plan and progress of one project; steps and curve are empty before a contract."""
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        found = await queries.works_of(tx, project_id)
        seen = [schedule.Point(r["seen_on"], r["progress_bp"]) for r in await queries.seen_points(tx, project_id)]
        steps = await milestones_of(tx, project_id)
        planned = await queries.planned_today(tx, project_id)
        today = tx.today
    points = schedule.curve(found.starts_on, found.ends_on, found.steps) if found else []
    beside = schedule.beside(points, seen, today) if points else []
    return WorksOut(
        project=row["id"],
        state=row["state"],
        contract_fen=row["contract_fen"],
        starts_on=found.starts_on if found else None,
        ends_on=found.ends_on if found else None,
        progress_bp=row["progress_bp"],
        planned_bp=planned,
        steps=[StepOut(**{name: s[name] for name in StepOut.__struct_fields__}) for s in steps],
        curve=[PointOut(b.day, b.planned_bp, b.seen_bp) for b in beside],
    )


@get("/works/delays", opt=needs(P.VIEW))
async def delays(
    request: AnyRequest, *, standing: Annotated[bool, QueryParameter()] = True, after: After = 0, limit: Limit = 50
) -> DelaysOut:
    """List warnings of the caller's range by id; `standing` leaves out those made good."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(_DELAYS, after, standing, limit + 1)
    items = [DelayOut(**r) for r in rows[:limit]]
    return DelaysOut(items, items[-1].id if len(rows) > limit else None)


@get("/changes", opt=needs(P.VIEW))
async def changes(
    request: AnyRequest,
    in_state: Annotated[str, QueryParameter(pattern="^[a-z_]{0,24}$")] = "",
    after: After = 0,
    limit: Limit = 50,
) -> ChangesOut:
    """List change orders of the caller's range by id."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(_CHANGES, after, in_state, limit + 1)
    items = [ChangeOut(**r) for r in rows[:limit]]
    return ChangesOut(items, items[-1].id if len(rows) > limit else None)


API = Router("/api/v1", route_handlers=[works, delays, changes], tags=["projects"])
