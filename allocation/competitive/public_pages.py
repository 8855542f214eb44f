"""What everybody may read of a round: the call once published, the result once approved.

Source: 衢政办发〔2016〕65号 二(三)1 (announcement). No applicant's name, no expert, no score sheet.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from allocation.competitive import queries
from allocation.competitive.rules import written
from allocation.competitive.states import S
from projects import public as projects
from quzhou_migrants.kernel.guards import public
from quzhou_migrants.kernel.tx import public_tx
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
SHOWN = 100
TABLE = "allocation_round"
_PROMOTED = (
    "SELECT m.place, m.amount_fen, m.reason, m.passed_over, m.made_at, c.code, c.title FROM allocation_promotion m"
    " JOIN allocation_candidate c ON c.id = m.candidate WHERE m.round = $1 ORDER BY m.id"
)


@get("/public/rounds", opt=public(), include_in_schema=False)
async def announced(request: AnyRequest) -> Page:
    """List the published calls, the newest first."""
    async with public_tx(request) as tx:
        rows = await tx.conn.fetch(
            "SELECT r.*, d.name AS county FROM allocation_round r JOIN kernel_division d ON d.code = r.division_code"
            " ORDER BY r.opens_on DESC, r.id DESC LIMIT $1",
            SHOWN,
        )
    return render(request, "allocation/competitive/public_list.html", rows=rows)


@get("/public/rounds/{round_id:int}", opt=public(), include_in_schema=False)
async def announcement(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show one call with its criteria and rules, and what was decided."""
    async with public_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        criteria = await queries.criteria(tx, round_id)
        vetoes = await queries.vetoes(tx, round_id)
        result = await queries.candidates(tx, round_id) if row["state"] in {S.POSTED, S.AWARDED} else []
        promoted = await tx.conn.fetch(_PROMOTED, round_id)
        notice = await projects.notice_of(tx, (TABLE, round_id, row["division_code"])) if result else None
        county = await tx.conn.fetchval("SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"])
    return render(
        request,
        "allocation/competitive/public_round.html",
        row=row,
        criteria=criteria,
        vetoes=vetoes,
        result=result,
        given="awarded_fen" if row["state"] == S.AWARDED else "decided_fen",
        promoted=promoted,
        notice=notice,
        county=county,
        score=written,
    )


ROUTES = [announced, announcement]
