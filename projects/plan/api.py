"""Plans for programs: which there are, and the plan table as it was published. Units: fen, basis points."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get
from litestar.params import FromPath, QueryParameter

from projects.permissions import P
from projects.plan import judging, queries
from projects.plan.parameters import plan_rules
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]


class PlanOut(msgspec.Struct, frozen=True):
    """A plan as it stands."""

    id: int
    division_code: str
    year: int
    batch: int
    variant: int
    title: str
    money_fen: int
    state: str
    version: int
    doc_no: str
    departure: str
    posted_on: date | None
    approved_on: date | None


class PlansOut(msgspec.Struct, frozen=True):
    """A page of plans; `next` is the `after` of the following page, null at the end."""

    items: list[PlanOut]
    next: int | None


class LineOut(msgspec.Struct, frozen=True):
    """One line of a plan table."""

    no: int
    township_name: str | None
    reservoir: str
    village_name: str
    title: str
    content: str
    estimate_fen: int
    amount_fen: int
    remark: str
    outside: bool


class ShareOut(msgspec.Struct, frozen=True):
    """One floor or ceiling of the pack, measured."""

    share: str
    have_fen: int
    need_fen: int
    need_bp: int
    holds: bool
    source: str
    confirmed: bool


class WholePlanOut(msgspec.Struct, frozen=True):
    """A plan with its table and its shares."""

    plan: PlanOut
    table: list[LineOut]
    shares: list[ShareOut]


_COLUMNS = ", ".join(PlanOut.__struct_fields__)
_PAGE = (
    f"SELECT {_COLUMNS} FROM projects_plan WHERE id > $1 AND ($2 = '' OR state = $2) AND ($3 = 0 OR year = $3)"  # noqa: S608 - our own columns
    " ORDER BY id LIMIT $4"
)


def _out(row: Any) -> PlanOut:  # noqa: ANN401 - a database row
    return PlanOut(**{name: row[name] for name in PlanOut.__struct_fields__})


@get("/plans", opt=needs(P.VIEW))
async def plans(
    request: AnyRequest,
    in_state: Annotated[str, QueryParameter(pattern="^[a-z_]{0,24}$")] = "",
    year: Annotated[int, QueryParameter(ge=0, le=2100)] = 0,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> PlansOut:
    """List plans of the caller's range by id."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(_PAGE, after, in_state, year, limit + 1)
    return PlansOut([_out(r) for r in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None)


@get("/plans/{plan_id:int}", opt=needs(P.VIEW))
async def plan(request: AnyRequest, plan_id: FromPath[int]) -> WholePlanOut:
    """Give one plan: its table as published, or as it stands while it is drafted, and its shares as they are now."""
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
        rows = await queries.items(tx, plan_id)
        lines = judging.shares(row, rows, plan_rules(tx.policy_for(row["division_code"])))
    return WholePlanOut(
        _out(row),
        [LineOut(**line) for line in judging.published(row, rows)],
        [
            ShareOut(s.field, s.facts["have"], s.facts["need"], s.facts["bp"], s.holds, s.source, s.confirmed)
            for s in lines
        ],
    )


API = Router("/api/v1", route_handlers=[plans, plan], tags=["projects"])
