"""Pages of screening: signs while typing, the whole sheet for reviewers, projects of other funds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.queries import find
from projects.screening import lists, queries, service
from projects.screening.forms import SectorForm, SheetForm
from projects.screening.sheet import titles
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/projects/{project_id:int}/screening/part", opt=needs(P.VIEW))
async def part(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the signs of an application as it stands, as a part of another page."""
    async with open_tx(request) as tx:
        screened = await service.screen_project(tx, project_id)
    return render(request, "projects/screening/part.html", screened=screened, project_id=project_id)


@get("/projects/{project_id:int}/screening", opt=needs(P.VIEW))
async def sheet(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show what the checks say today, and what they said when it was filed."""
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        facts: dict[str, Any] = {
            "p": row,
            "screened": await service.screen_project(tx, project_id),
            "filed": await queries.filed(tx, project_id),
        }
    return render(request, "projects/screening/sheet.html", **facts)


@get("/screening/sector", opt=needs(P.VIEW))
async def sector(request: AnyRequest) -> Page:
    """List the projects of other funds."""
    may_add = request.scope["state"]["actor"].may(P.KNOW_SECTOR)
    return await lists.SECTOR.respond(request, "projects/screening/sector.html", may_add=may_add)


@get("/screening/sector/new", opt=needs(P.KNOW_SECTOR))
async def sector_page(request: AnyRequest) -> Page:
    """Offer to enter a project of another fund."""
    return _sector(request, new_form(SectorForm))


def _sector(request: AnyRequest, form: Form[SectorForm], sheet: Form[SheetForm] | None = None) -> Page:
    """Show both ways in: one project typed, or a list sent."""
    sent = sheet or new_form(SheetForm)
    wrong = [f.status for f in (form, sent) if f.problems]
    facts: dict[str, Any] = {"form": form, "sheet": sent, "titles": list(titles())}
    return render(request, "projects/screening/sector_new.html", status=max(wrong, default=200), **facts)


@post("/screening/sector/sheet", opt=needs(P.KNOW_SECTOR), status_code=200, request_max_body_size=UPLOAD_BODY)
async def add_sheet(request: AnyRequest) -> Page:
    """Keep a list of projects of other funds, whole or not at all."""
    form = await read_form(request, SheetForm)
    if form.ok:
        with tempfile.NamedTemporaryFile(prefix="sector-") as copy:
            copy.write(await form.value.sheet.read())
            copy.flush()
            await form.value.sheet.close()
            async with form.refusals(), open_tx(request, once=form.once) as tx:
                await service.add_sheet(tx, Path(copy.name))
                return see_other(await tx.done("/screening/sector"), flash="projects.flash.sector_sheet")
    return _sector(request, new_form(SectorForm), form)


@post("/screening/sector/new", opt=needs(P.KNOW_SECTOR), status_code=200)
async def add_sector(request: AnyRequest) -> Page:
    """Keep a project of another fund."""
    form = await read_form(request, SectorForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_sector(tx, form.value)
            return see_other(await tx.done("/screening/sector"), flash="projects.flash.sector_added")
    return _sector(request, form)


ROUTES = [part, sheet, sector, sector_page, add_sector, add_sheet]
