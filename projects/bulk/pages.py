"""Pages of bulk filing: template, upload with a dry run, what is wrong cell by cell, file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response, Stream

from projects.bulk import documents, lists, queries, service
from projects.bulk.forms import FileForm, UploadForm
from projects.bulk.service import Sent
from projects.bulk.states import BULK
from projects.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
PIECE = 1 << 18
NAME = 120


@get("/projects/bulk", opt=needs(P.FILE_BULK))
async def bulks(request: AnyRequest) -> Page:
    """List the sheets of the range, with the form to send one in."""
    return await _bulks(request, new_form(UploadForm))


async def _bulks(request: AnyRequest, form: Form[UploadForm]) -> Page:
    answer = await lists.BULKS.respond(request, "projects/bulk/list.html", form=form)
    if form.problems:
        answer.status_code = form.status
    return answer


@get("/projects/bulk/template.xlsx", opt=needs(P.FILE_BULK))
async def template(request: AnyRequest) -> Stream:  # noqa: ARG001 - a route takes its request
    """Give the sheet to fill in."""
    return _download(await asyncio.to_thread(documents.template), "template")


def _download(file: IO[bytes], name: str) -> Stream:
    """Stream a finished file, which goes away with its last piece."""
    file.seek(0)

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    title = quote(CATALOGUE.text(f"projects.bulk.file.{name}"))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{title}.xlsx", "Cache-Control": "no-store"}
    return Stream(pieces(), media_type=MEDIA_TYPE, headers=headers)


@post("/projects/bulk", opt=needs(P.FILE_BULK), status_code=200, request_max_body_size=UPLOAD_BODY)
async def upload(request: AnyRequest) -> Page:
    """Take a sheet in and check it; no application is written."""
    form = await read_form(request, UploadForm)
    if form.ok:
        with tempfile.TemporaryDirectory(prefix="bulk-") as folder:
            sent = await _received(form.value, Path(folder))
            async with form.refusals(), open_tx(request, once=form.once) as tx:
                bulk_id = await service.check_sheet(tx, sent)
                return see_other(await tx.done(f"/projects/bulk/{bulk_id}"), flash="projects.flash.bulk_checked")
    return await _bulks(request, form)


async def _received(given: UploadForm, folder: Path) -> Sent:
    """Copy what was sent to a folder that only this request knows."""
    sheet = await _copied(given.sheet, folder / "sheet")
    papers = await _copied(given.papers, folder / "papers") if given.papers else None
    shown = "".join(c for c in Path(given.sheet.filename.replace("\\", "/")).name if c.isprintable())
    return Sent(sheet, shown[-NAME:] or "?", papers)


async def _copied(upload: UploadFile, path: Path) -> Path:
    with path.open("wb") as copy:
        while piece := await upload.read(PIECE):
            copy.write(piece)
    await upload.close()
    return path


@get("/projects/bulk/{bulk_id:int}", opt=needs(P.FILE_BULK))
async def bulk(request: AnyRequest, bulk_id: FromPath[int]) -> Page:
    """Show what was found in a sheet, cell by cell."""
    return await _bulk(request, bulk_id, new_form(FileForm, which="all", how="draft"))


async def _bulk(request: AnyRequest, bulk_id: int, form: Form[FileForm]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, bulk_id)
        facts: dict[str, Any] = {
            "b": row,
            "rows": await queries.rows(tx, bulk_id),
            "verbs": verbs_open(BULK, row, tx.actor),
            "entries": await timeline(tx, queries.BULK, bulk_id),
        }
    return render(request, "projects/bulk/bulk.html", status=form.status if form.problems else 200, form=form, **facts)


@post("/projects/bulk/{bulk_id:int}/file", opt=needs(P.FILE_BULK), status_code=200)
async def file(request: AnyRequest, bulk_id: FromPath[int]) -> Page:
    """File a sheet."""
    form = await read_form(request, FileForm)
    if form.ok and not form.value.declare:
        form.refuse(Problem("PRJ-572", "declare"))
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.file_sheet(tx, bulk_id, form.value)
            return see_other(await tx.done(f"/projects/bulk/{bulk_id}"), flash="projects.flash.bulk_filed")
    return await _bulk(request, bulk_id, form)


@post("/projects/bulk/{bulk_id:int}/discard", opt=needs(P.FILE_BULK), status_code=200)
async def discard(request: AnyRequest, bulk_id: FromPath[int]) -> Page:
    """Set a sheet aside."""
    form = await read_form(request, UploadForm, partial=True)
    async with open_tx(request, once=form.once) as tx:
        await service.discard(tx, bulk_id)
        return see_other(await tx.done("/projects/bulk"), flash="projects.flash.bulk_discarded")


@get("/projects/bulk/{bulk_id:int}/slips.xlsx", opt=needs(P.FILE_BULK))
async def slips(request: AnyRequest, bulk_id: FromPath[int]) -> Stream:
    """Give every slip of a sheet as a sheet."""
    async with open_tx(request) as tx:
        await queries.find(tx, bulk_id)
        rows = await queries.rows(tx, bulk_id)
    return _download(await asyncio.to_thread(documents.slips, rows), "slips")


ROUTES = [bulks, template, upload, bulk, file, discard, slips]
