"""Pages of the dossier of a round: ask for it, see how far it is, take it along; the file to recompute."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import File, Response

from allocation.competitive import dossier_making, queries
from allocation.competitive.forms import MakeForm
from allocation.permissions import P
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import PDF, ZIP
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.files_pages import HEADERS
from quzhou_migrants.web.forms import new_form, read_form
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
WHOLE = 10_000  # basis points


@get("/rounds/{round_id:int}/dossier", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def dossier(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Offer the dossier of a round, and what was made of it before."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        made = await dossier_making.latest(tx, round_id)
    return render(
        request,
        "allocation/competitive/dossier.html",
        row=row,
        made=made,
        form=new_form(MakeForm),
        sealed=row["state"] in queries.SEALED or row["state"] == "cancelled",
    )


@post("/rounds/{round_id:int}/dossier", opt=needs(P.VIEW_ROUNDS), include_in_schema=False, status_code=200)
async def make(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Ask for the dossier and lead to the page that shows how far it is."""
    form = await read_form(request, MakeForm)
    async with open_tx(request, once=form.once) as tx:
        key = await dossier_making.ask(tx, round_id, form.value.kind)
        where = await tx.done(f"/rounds/dossiers/{key}")
    dossier_making.start(key)
    return see_other(where)


@get("/rounds/dossiers/{dossier_id:int}", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def made(request: AnyRequest, dossier_id: FromPath[int]) -> Page:
    """Show how far a dossier is, and give it when it is done."""
    async with open_tx(request) as tx:
        row = await dossier_making.making(tx, dossier_id)
    size = row["done"] * WHOLE // row["parts"] if row["parts"] else 0
    template = "dossier_progress" if wants_fragment(request) else "dossier_made"
    return render(request, f"allocation/competitive/{template}.html", d=row, size=size)


@get("/rounds/dossiers/{dossier_id:int}/file", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def whole(request: AnyRequest, dossier_id: FromPath[int]) -> File:
    """Give a finished dossier to who asked for it. Raises: Refused KRN-404."""
    async with open_tx(request) as tx:
        row = await dossier_making.making(tx, dossier_id)
        found = await tx.conn.fetchrow("SELECT sha256, name FROM kernel_file WHERE id = $1", row["file"])
    if found is None:
        raise Refused("KRN-404")
    return File(
        blobs.blob_path(files.root(), found["sha256"]),
        filename=found["name"],
        media_type=ZIP if row["kind"] == "zip" else PDF,
        headers=HEADERS,
    )


@get("/rounds/{round_id:int}/recompute.json", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def export(request: AnyRequest, round_id: FromPath[int]) -> Response[bytes]:
    """Give the file from which anybody computes the ranking again. Raises: Refused ALC-382."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        body = await dossier_making.exported(tx, row)
    headers = {"Content-Disposition": f'attachment; filename="round-{round_id}.json"', "Cache-Control": "no-store"}
    return Response(msgspec.json.format(msgspec.json.encode(body)), media_type="application/json", headers=headers)


ROUTES = [dossier, make, made, whole, export]
