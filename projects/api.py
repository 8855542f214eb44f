"""The same commands for programs: read projects, file, review. Failures are problem details."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from projects.assets.api import ROUTES as ASSETS
from projects.intake import service as intake
from projects.permissions import P
from projects.queries import find
from projects.reserve import service as reserve
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]
NO_NUL = r"^[^\x00]*$"
"""What no database column holds and no person types."""
Text = Annotated[str, Meta(max_length=500, pattern=NO_NUL)]


class ProjectOut(msgspec.Struct, frozen=True):
    """A project for programs. Units: fen, basis points."""

    id: int
    code: str
    division_code: str
    title: str
    category: str
    state: str
    version: int
    estimate_fen: int
    asked_fen: int
    award_fen: int
    contract_fen: int
    progress_bp: int
    plan_year: int | None
    valid_until: date | None
    submitted_at: datetime | None


class ProjectsOut(msgspec.Struct, frozen=True):
    """A page of projects; `next` is the `after` of the following page, null at the end."""

    items: list[ProjectOut]
    next: int | None


class Seen(msgspec.Struct, frozen=True):
    """A decision about the version that was seen."""

    seen: int
    opinion: Text = ""


class RemarkIn(msgspec.Struct, frozen=True):
    """What to mend in one field."""

    field: Annotated[str, Meta(max_length=40, pattern=NO_NUL)]
    text: Annotated[str, Meta(min_length=1, max_length=500, pattern=NO_NUL)]


class ReturnIn(msgspec.Struct, frozen=True):
    """An application goes back."""

    seen: int
    remarks: Annotated[list[RemarkIn], Meta(max_length=200)]
    opinion: Text = ""


class AdmitIn(msgspec.Struct, frozen=True):
    """A project enters the reserve."""

    seen: int
    years: Annotated[int, Meta(ge=1, le=10)]
    opinion: Text = ""


class RefuseIn(msgspec.Struct, frozen=True):
    """A project is refused."""

    seen: int
    clause: Annotated[str, Meta(min_length=4, max_length=200, pattern=NO_NUL)]
    reason: Annotated[str, Meta(min_length=4, max_length=500, pattern=NO_NUL)]


_COLUMNS = ", ".join(ProjectOut.__struct_fields__)
_PAGE = (
    f"SELECT {_COLUMNS} FROM projects_project WHERE id > $1 AND ($2 = '' OR state = $2)"  # noqa: S608 - our own columns
    " AND ($3 = '' OR division_code LIKE $3 || '%') ORDER BY id LIMIT $4"
)


def _out(row: Any) -> ProjectOut:  # noqa: ANN401 - a database row
    return ProjectOut(**{name: row[name] for name in ProjectOut.__struct_fields__})


@get("/projects", opt=needs(P.VIEW))
async def projects(
    request: AnyRequest,
    in_state: Annotated[str, QueryParameter(pattern="^[a-z_]{0,24}$")] = "",
    division: Annotated[str, QueryParameter(pattern="^[0-9]{0,12}$")] = "",
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> ProjectsOut:
    """List projects of the caller's range by id."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(_PAGE, after, in_state, division, limit + 1)
    return ProjectsOut([_out(r) for r in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None)


@get("/projects/{project_id:int}", opt=needs(P.VIEW))
async def project(request: AnyRequest, project_id: FromPath[int]) -> ProjectOut:
    """Give one project."""
    async with open_tx(request) as tx:
        return _out(await find(tx, project_id))


@post("/projects/{project_id:int}/submit", opt=needs(P.SUBMIT), status_code=200)
async def submit(request: AnyRequest, project_id: FromPath[int]) -> ProjectOut:
    """File a draft."""
    async with open_tx(request) as tx:
        return _out(await intake.submit(tx, project_id))


@post("/projects/{project_id:int}/pass", opt=needs(P.CHECK), status_code=200)
async def pass_on(request: AnyRequest, project_id: FromPath[int], data: JSONBody[Seen]) -> ProjectOut:
    """The township passes an application."""
    async with open_tx(request) as tx:
        return _out(await reserve.pass_on(tx, project_id, data.seen, data.opinion))


@post("/projects/{project_id:int}/return", opt=needs(P.VIEW), status_code=200)
async def send_back(request: AnyRequest, project_id: FromPath[int], data: JSONBody[ReturnIn]) -> ProjectOut:
    """Return an application with remarks beside fields."""
    spoken = [(r.field, r.text) for r in data.remarks]
    async with open_tx(request) as tx:
        return _out(await reserve.send_back(tx, project_id, data.seen, spoken, data.opinion))


@post("/projects/{project_id:int}/admit", opt=needs(P.ADMIT), status_code=200)
async def admit(request: AnyRequest, project_id: FromPath[int], data: JSONBody[AdmitIn]) -> ProjectOut:
    """Take a project into the reserve."""
    async with open_tx(request) as tx:
        return _out(await reserve.admit(tx, project_id, data.seen, data.years, data.opinion))


@post("/projects/{project_id:int}/refuse", opt=needs(P.ADMIT), status_code=200)
async def refuse(request: AnyRequest, project_id: FromPath[int], data: JSONBody[RefuseIn]) -> ProjectOut:
    """Refuse a project with a clause."""
    async with open_tx(request) as tx:
        return _out(await reserve.refuse(tx, project_id, data.seen, data.clause, data.reason))


API = Router(
    "/api/v1", route_handlers=[projects, project, submit, pass_on, send_back, admit, refuse, *ASSETS], tags=["projects"]
)
