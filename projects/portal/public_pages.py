"""What everybody may read, without signing in: notices, plans, projects, photos. No person's data.

Source: 政府信息公开条例 第十五条, 第二十一条; 衢政办发〔2016〕65号 二(二)1.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import File, Response

from projects import public
from projects.notices import queries as notice_queries
from projects.notices import visitors
from projects.notices.forms import ObjectionForm
from projects.notices.service import take_online
from projects.plan import documents as plan_documents
from projects.plan import queries as plan_queries
from projects.portal import lists, queries
from projects.portal.caching import kept
from projects.portal.forms import ReceiptForm
from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.files import root
from quzhou_migrants.kernel.guards import public as open_to_all
from quzhou_migrants.kernel.tx import Tx, public_tx
from quzhou_migrants.web.address import address_of
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.listing import Listing
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox"}
SHOWN, PLANS_SHOWN, PICTURES_SHOWN = 8, 200, 6


def _seconds(tx: Tx) -> int:
    """How long a page may be kept: the same for everybody, whoever asks."""
    return tx.policy.whole("projects.portal.cache_seconds")


@get("/public", opt=open_to_all(), include_in_schema=False)
async def index(request: AnyRequest) -> Page:
    """Show what hangs now, the latest plans, the latest pictures."""
    async with public_tx(request) as tx:
        facts: Row = {
            "notices": await queries.hanging(tx, tx.today, SHOWN),
            "plans": await queries.plans(tx, SHOWN),
            "photos": await queries.photos(tx, most=PICTURES_SHOWN),
        }
        seconds = _seconds(tx)
    return kept(request, render(request, "projects/portal/index.html", **facts), seconds)


async def _list(request: AnyRequest, listing: Listing, template: str) -> Page:
    """Answer a list page with what is public, whoever asks."""
    async with public_tx(request) as tx:
        page = await listing.fetch(tx, request)
        seconds = _seconds(tx)
    if wants_fragment(request) and request.headers.get("hx-target") == "listing":
        shown = page.url(at=request.query_params.get("at", ""))
        return render(request, "web/listing_body.html", headers={"HX-Push-Url": shown}, page=page)
    return kept(request, render(request, template, page=page), seconds)


@get("/public/notices", opt=open_to_all(), include_in_schema=False)
async def notices(request: AnyRequest) -> Page:
    """List the notices that hang or hung."""
    return await _list(request, lists.NOTICES, "projects/portal/notices.html")


@get("/public/projects", opt=open_to_all(), include_in_schema=False)
async def projects(request: AnyRequest) -> Page:
    """List the projects under way and done; found by village."""
    return await _list(request, lists.PROJECTS, "projects/portal/projects.html")


async def _notice(tx: Tx, notice_id: int) -> Row:
    """Give a public notice. Raises: Refused KRN-404."""
    row = await notice_queries.find(tx, notice_id)
    if row["state"] not in {"open", "closed"}:
        raise Refused("KRN-404")
    return row


@get("/public/notices/{notice_id:int}", opt=open_to_all(), include_in_schema=False)
async def notice(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Show a notice, and whether something can still be said against it."""
    async with public_tx(request) as tx:
        row = await _notice(tx, notice_id)
        hangs = row["state"] == "open" and row["starts_on"] <= tx.today <= row["ends_on"]
        seconds = _seconds(tx)
    return kept(request, render(request, "projects/portal/notice.html", n=row, hangs=hangs), seconds)


@get("/public/notices/{notice_id:int}/objection", opt=open_to_all(), include_in_schema=False)
async def objection(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Offer the form of an objection."""
    return await _objection(request, notice_id, new_form(ObjectionForm))


async def _objection(request: AnyRequest, notice_id: int, form: Form[ObjectionForm]) -> Page:
    async with public_tx(request) as tx:
        row = await _notice(tx, notice_id)
        hangs = row["state"] == "open" and row["starts_on"] <= tx.today <= row["ends_on"]
    status = form.status if form.problems else 200
    return render(request, "projects/portal/objection.html", status=status, n=row, hangs=hangs, form=form)


@post("/public/notices/{notice_id:int}/objection", opt=open_to_all(), include_in_schema=False, status_code=200)
async def object_to(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Take in an objection; its receipt is on the next page, and nowhere else."""
    form = await read_form(request, ObjectionForm)
    if form.ok:
        async with public_tx(request) as tx:
            row = await _notice(tx, notice_id)
        async with form.refusals(), visitors.visitor_tx(request, row, once=form.once) as tx:
            made = await take_online(tx, notice_id, form.value, address_of(request))
            way = f"/public/notices/{notice_id}/receipt?receipt={made['receipt']}"
            return see_other(await tx.done(way), flash="PRJ-710")
    return await _objection(request, notice_id, form)


@get("/public/notices/{notice_id:int}/receipt", opt=open_to_all(), include_in_schema=False)
async def receipt(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Tell who knows a receipt what became of the objection."""
    asked = request.query_params.get("receipt", "")
    form = new_form(ReceiptForm, receipt=asked)
    found: Row | None = None
    async with public_tx(request) as tx:
        row = await _notice(tx, notice_id)
    if asked:
        try:
            async with visitors.visitor_tx(request, row) as tx:
                found = await visitors.by_receipt(tx, notice_id, asked)
        except Refused:
            form.refuse(Problem("PRJ-713", "receipt"))
    status = form.status if form.problems else 200
    return render(request, "projects/portal/receipt.html", status=status, n=row, form=form, o=found)


@get("/public/plans", opt=open_to_all(), include_in_schema=False)
async def plans(request: AnyRequest) -> Page:
    """List the plans that were put up or approved."""
    async with public_tx(request) as tx:
        rows, seconds = await queries.plans(tx, PLANS_SHOWN), _seconds(tx)
    return kept(request, render(request, "projects/portal/plans.html", rows=rows), seconds)


@get("/public/plans/{plan_id:int}", opt=open_to_all(), include_in_schema=False)
async def plan(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Show a plan table as it was put up."""
    async with public_tx(request) as tx:
        row, seconds = await plan_queries.find(tx, plan_id), _seconds(tx)
    table = row["printed"]
    lines = [(line, plan_documents.said(line)) for line in table]
    totals = plan_documents.totals(table)
    page = render(request, "projects/portal/plan.html", plan=row, lines=lines, totals=totals)
    return kept(request, page, seconds)


@get("/public/projects/{project_id:int}", opt=open_to_all(), include_in_schema=False)
async def project(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show a project: what is built where for how much, and what was seen of it."""
    async with public_tx(request) as tx:
        row = await public.public_page(tx, project_id)
        division = await tx.conn.fetchval("SELECT division_code FROM projects_project WHERE id = $1", project_id)
        facts: Row = {
            "p": row,
            "photos": await queries.photos(tx, project_id),
            "notices": await queries.notices_of(tx, project_id),
            "curve": await queries.curve(tx, project_id),
            "former": await queries.former_names(tx, division),
        }
        seconds = _seconds(tx)
    return kept(request, render(request, "projects/portal/project.html", **facts), seconds)


@get("/public/photos/{photo_id:int}", opt=open_to_all(), include_in_schema=False)
async def photo(request: AnyRequest, photo_id: FromPath[int]) -> File | Page:
    """Give a photo that is out, large or (`?small=1`) small; never anything but the masked copy."""
    async with public_tx(request) as tx:
        sha256, seconds = await queries.photo_hash(tx, photo_id), _seconds(tx)
    path = blobs.blob_path(root(), sha256)
    if not path.is_file():
        raise Refused("KRN-648")
    if request.query_params.get("small"):
        path = await asyncio.to_thread(blobs.thumbnail, root(), sha256)
    return File(
        path,
        media_type="image/jpeg",
        content_disposition_type="inline",
        headers={
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": f"public, max-age={seconds}",
        },
    )


ROUTES = [
    index, notices, notice, objection, object_to, receipt, plans, plan, projects, project, photo,
]  # fmt: skip
