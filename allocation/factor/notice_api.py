"""JSON of notices: the same reads and commands as the pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from allocation.factor import notice_queries, notice_service
from allocation.factor.notice_forms import NoticeForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class NoticeOut(Struct):
    """A notice as it stands; `sha256` names its paper once issued."""

    id: int
    run: int
    doc_no: str
    title: str
    state: str
    issued_on: date | None
    due_on: date | None
    published_on: date | None
    sha256: str


async def _out(tx: Tx, notice_id: int) -> NoticeOut:
    row = await notice_queries.notice(tx, notice_id)
    return NoticeOut(**{name: row[name] for name in NoticeOut.__struct_fields__})


@get("/api/v1/factor/notices/{notice_id:int}", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def notice(request: AnyRequest, notice_id: FromPath[int]) -> NoticeOut:
    """Show one notice."""
    async with open_tx(request) as tx:
        return await _out(tx, notice_id)


@post("/api/v1/factor/{run_id:int}/notice", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def draft(request: AnyRequest, run_id: FromPath[int], data: JSONBody[NoticeForm]) -> NoticeOut:
    """Draft the notice of an approved run."""
    async with open_tx(request) as tx:
        return await _out(tx, await notice_service.draft_notice(tx, run_id, data))


@post("/api/v1/factor/notices/{notice_id:int}/issue", opt=needs(P.APPROVE_FACTOR), tags=["allocation"])
async def issue(request: AnyRequest, notice_id: FromPath[int]) -> NoticeOut:
    """Issue a draft on paper."""
    async with open_tx(request) as tx:
        await notice_service.issue_notice(tx, notice_id)
        return await _out(tx, notice_id)


@post("/api/v1/factor/notices/{notice_id:int}/publish", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def publish(request: AnyRequest, notice_id: FromPath[int]) -> NoticeOut:
    """Put an issued notice before the public."""
    async with open_tx(request) as tx:
        await notice_service.publish_notice(tx, notice_id)
        return await _out(tx, notice_id)


ROUTES = [notice, draft, issue, publish]
