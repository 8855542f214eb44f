"""Pages of the dossier: what is there and what is missing, papers in and out, the whole as one file."""

from __future__ import annotations

from collections import Counter
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import File, Response

from projects.dossier import making, queries, rules, service
from projects.dossier.forms import DropForm, FileForm, MakeForm
from projects.permissions import P
from projects.queries import PROJECT, find
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import PDF, ZIP
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.files_pages import HEADERS
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
CLOSED = {"accepted", "handed_over", "terminated"}
UPLOADS = 210 * 1024 * 1024  # ten files of the largest size, and what stands around them


@get("/projects/{project_id:int}/dossier", opt=needs(P.VIEW))
async def dossier(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the papers of a project by stage: what is there, what is due when from whom."""
    return await _dossier(request, project_id)


async def _dossier(request: AnyRequest, project_id: int, form: Form[FileForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        papers = await queries.papers(tx, project_id)
        have = Counter(p.file.kind for p in papers if p.table == PROJECT)
        places = await queries.places(tx, row, have)
        made = [m for m in await queries.latest(tx, project_id) if m["asked_by"] == tx.actor.user_id]
        may_file = tx.actor.may(P.BUILD) and row["receipt"] is not None
        source = tx.policy_for(row["division_code"]).param("projects.dossier.files")
    titles = {p.file.id: making.title_of(p) for p in papers}
    shown = form or new_form(FileForm, kind=request.query_params.get("kind", ""))
    return render(
        request,
        "projects/dossier/dossier.html",
        status=shown.status if shown.problems else 200,
        p=row,
        form=shown,
        stages=[s for s in rules.STAGES if s in {x.stage for x in papers} | {x.slot.stage for x in places}],
        places=places,
        papers=papers,
        titles=titles,
        counted=rules.completeness(places),
        made={m["kind"]: m for m in made},
        kinds=_kinds(places),
        may_file=may_file,
        may_drop=may_file and row["state"] not in CLOSED,
        own=PROJECT,
        source=source,
        ask=new_form(MakeForm),
    )


def _kinds(places: list[rules.Place]) -> list[tuple[str, str]]:
    own = [x.slot.kind for x in places if x.slot.stage != "intake"]
    return [(kind, CATALOGUE.text(f"projects.paper.{kind}")) for kind in own]


@post("/projects/{project_id:int}/dossier", opt=needs(P.BUILD), status_code=200, request_max_body_size=UPLOADS)
async def file_papers(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Keep papers."""
    form = await read_form(request, FileForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.file_papers(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}/dossier"), flash="projects.flash.filed")
    return await _dossier(request, project_id, form)


@post("/projects/{project_id:int}/dossier/drop", opt=needs(P.BUILD), status_code=200)
async def drop_paper(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Take a paper out."""
    form = await read_form(request, DropForm)
    async with open_tx(request, once=form.once) as tx:
        await service.drop_paper(tx, project_id, form.value.file)
        return see_other(await tx.done(f"/projects/{project_id}/dossier"), flash="projects.flash.paper_dropped")


@post("/projects/{project_id:int}/dossier/make", opt=needs(P.VIEW), status_code=200)
async def make(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Ask for the whole dossier and lead to the page that shows how far it is."""
    form = await read_form(request, MakeForm)
    async with open_tx(request, once=form.once) as tx:
        key = await service.ask(tx, project_id, form.value.kind)
        where = await tx.done(f"/dossiers/{key}")
    making.start(key)
    return see_other(where)


@get("/dossiers/{dossier_id:int}", opt=needs(P.VIEW))
async def made(request: AnyRequest, dossier_id: FromPath[int]) -> Page:
    """Show how far a dossier is, and give it when it is done."""
    async with open_tx(request) as tx:
        row = await queries.making(tx, dossier_id)
        _own(row, tx.actor.user_id)
    template = "progress" if wants_fragment(request) else "made"
    return render(request, f"projects/dossier/{template}.html", d=row, size=_size(row))


@get("/dossiers/{dossier_id:int}/file", opt=needs(P.VIEW))
async def whole(request: AnyRequest, dossier_id: FromPath[int]) -> File:
    """Give a finished dossier to who asked for it: somebody else may not see all that is in it."""
    async with open_tx(request) as tx:
        row = await queries.making(tx, dossier_id)
        _own(row, tx.actor.user_id)
        found = await tx.conn.fetchrow("SELECT sha256, name FROM kernel_file WHERE id = $1", row["file"])
    if found is None:
        raise Refused("KRN-404")
    return File(
        blobs.blob_path(files.root(), found["sha256"]),
        filename=found["name"],
        media_type=ZIP if row["kind"] == "zip" else PDF,
        headers=HEADERS,
    )


def _own(row: dict[str, Any], user_id: int | None) -> None:
    if row["asked_by"] != user_id:
        raise Refused("KRN-404")


def _size(row: dict[str, Any]) -> int:
    return int(row["done"] * 10_000 // row["parts"]) if row["parts"] else 0


ROUTES = [dossier, file_papers, drop_paper, make, made, whole]
