"""What everybody may read of an allocation: who got how much, by which rule, and the file to check it with.

Source: 政府信息公开条例 第二十条, 第二十六条. No person's data: units, factors, money.
"""

from __future__ import annotations

import json
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import File, Response

from allocation.factor import notice_queries
from allocation.factor.frozen import table, thaw
from allocation.factor.listing import PUBLIC_NOTICES
from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import root
from quzhou_migrants.kernel.guards import public
from quzhou_migrants.kernel.tx import public_tx
from quzhou_migrants.web.render import render, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/public/allocations", opt=public(), include_in_schema=False)
async def allocations(request: AnyRequest) -> Page:
    """List the published allocations, the newest first."""
    async with public_tx(request) as tx:
        page = await PUBLIC_NOTICES.fetch(tx, request)
    if wants_fragment(request) and request.headers.get("hx-target") == "listing":
        shown = page.url(at=request.query_params.get("at", ""))
        return render(request, "web/listing_body.html", headers={"HX-Push-Url": shown}, page=page)
    return render(request, "allocation/factor/public_list.html", page=page)


@get("/public/allocations/{notice_id:int}", opt=public(), include_in_schema=False)
async def allocation(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Show one allocation as it was published, from what was frozen then."""
    async with public_tx(request) as tx:
        row = await notice_queries.published(tx, notice_id)
    document = json.loads(row["printed"]["export"])
    inputs = thaw(document["frozen"])
    return render(
        request,
        "allocation/factor/public.html",
        n=row,
        inputs=inputs,
        outcome=inputs.split(),
        values=table(inputs.data),
        sha256=document["sha256"],
    )


@get("/public/allocations/{notice_id:int}/recompute.json", opt=public(), include_in_schema=False)
async def recompute(request: AnyRequest, notice_id: FromPath[int]) -> Response[str]:
    """Give the file from which anybody can compute the shares again."""
    async with public_tx(request) as tx:
        row = await notice_queries.published(tx, notice_id)
    headers = {"Content-Disposition": f'attachment; filename="allocation-{notice_id}.json"'}
    return Response(row["printed"]["export"], media_type="application/json", headers=headers)


@get("/public/allocations/{notice_id:int}/notice.pdf", opt=public(), include_in_schema=False)
async def paper(request: AnyRequest, notice_id: FromPath[int]) -> File:
    """Give the notice as it was issued, byte for byte."""
    async with public_tx(request) as tx:
        row = await notice_queries.published(tx, notice_id)
    return issued_file(row["sha256"], f"allocation-{notice_id}.pdf")


def issued_file(sha256: str, name: str) -> File:
    """Give the kept paper of a notice. Raises: Refused KRN-404 (not issued), KRN-648 (the file is gone)."""
    if not sha256:
        raise Refused("KRN-404")
    path = blobs.blob_path(root(), sha256)
    if not path.is_file():
        raise Refused("KRN-648")
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return File(path, media_type="application/pdf", filename=name, headers=headers)


ROUTES = [allocations, allocation, recompute, paper]
