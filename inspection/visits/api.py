"""What the phone speaks: the day's pack, visits, pictures one by one, receipts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody, PathParameter

from inspection.permissions import P
from inspection.visits import queries, service
from inspection.visits.forms import Receipt, VisitReport
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.clock import system_now
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]
PHOTO_LIMIT = 20 * 1024 * 1024
TAGS = ["inspection"]
LIMITS = ("photos_least", "photos_most", "distance_limit")
Sha256 = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$")]


@get("/api/v1/field/pack", opt=needs(P.VISIT), tags=TAGS)
async def field_pack(request: AnyRequest) -> dict[str, Any]:
    """Give everything an inspector needs for a day without a network."""
    async with open_tx(request) as tx:
        works = await queries.pack(tx)
        who = {"name": tx.actor.name, "title": tx.actor.title, "key": tx.actor.user_id}
        limits = {name: tx.policy.whole(f"inspection.visits.{name}") for name in LIMITS}
    return {"made_at": system_now(), "today": tx.today, "who": who, "projects": works, **limits}


@post("/api/v1/visits", opt=needs(P.VISIT), status_code=200, tags=TAGS)
async def send_visit(request: AnyRequest, data: JSONBody[VisitReport]) -> Receipt:
    """Record a visit; repeating it is harmless."""
    async with open_tx(request) as tx:
        return await service.record_visit(tx, data)


@get("/api/v1/visits/{client_id:uuid}", opt=needs(P.VISIT), tags=TAGS)
async def visit_receipt(request: AnyRequest, client_id: FromPath[UUID]) -> Receipt:
    """Say what has arrived of a visit."""
    async with open_tx(request) as tx:
        return await service.receipt_of(tx, client_id)


@put(
    "/api/v1/visits/{client_id:uuid}/photos/{sha256:str}",
    opt=needs(P.VISIT),
    request_max_body_size=PHOTO_LIMIT,
    tags=TAGS,
)
async def send_photo(request: AnyRequest, client_id: FromPath[UUID], sha256: Sha256) -> Receipt:
    """Receive one picture as it is, in one stream; the answer says which hashes are here.

    Raises: Refused KRN-642 too large, before a byte is read when the length is announced.
    """
    length = request.headers.get("content-length", "")
    announced = int(length) if length.isdecimal() else 0
    draft = await files.receive(request.stream(), limit=PHOTO_LIMIT, announced=announced)
    try:
        async with open_tx(request) as tx:
            return await service.receive_photo(tx, client_id, draft, sha256)
    finally:
        draft.path.unlink(missing_ok=True)
