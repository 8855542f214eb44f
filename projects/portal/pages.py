"""Letting pictures out: choose one, cover faces and plates, publish; take one back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import queries as projects
from projects.permissions import P
from projects.portal import queries, service
from projects.portal.forms import PublishForm, WithdrawForm
from projects.portal.queries import Picture, Row
from projects.public import FurtherFiles
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


async def _pictures(request: AnyRequest, tx: Tx, project_id: int) -> list[Picture]:
    """List a project's pictures, those of the visits that upper packages know included."""
    wired: Sequence[FurtherFiles] = request.app.state["project_files"]
    owners = [owner for more in wired for owner in await more(tx, project_id)]
    return await queries.pictures(tx, project_id, owners)


async def _page(request: AnyRequest, project_id: int, template: str, **more: Any) -> Page:  # noqa: ANN401 - what the template names
    async with open_tx(request) as tx:
        row = await projects.find(tx, project_id)
        facts: Row = {
            "p": row,
            "pictures": await _pictures(request, tx, project_id),
            "photos": await queries.photos(tx, project_id),
        }
    form: Form[Any] | None = more.get("form")
    status = form.status if form is not None and form.problems else 200
    return render(request, template, status=status, **facts, **more)


@get("/projects/{project_id:int}/photos", opt=needs(P.BUILD))
async def photos(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the pictures of a project: which are out, which could be."""
    return await _page(request, project_id, "projects/portal/photos.html", form=new_form(WithdrawForm))


@get("/projects/{project_id:int}/photos/{file_id:int}/publish", opt=needs(P.BUILD))
async def publish_page(request: AnyRequest, project_id: FromPath[int], file_id: FromPath[int]) -> Page:
    """Offer to cover parts of a picture and let it out."""
    form = new_form(PublishForm, source=file_id)
    return await _page(request, project_id, "projects/portal/publish.html", form=form, file_id=file_id)


@post("/projects/{project_id:int}/photos/{file_id:int}/publish", opt=needs(P.BUILD), status_code=200)
async def publish(request: AnyRequest, project_id: FromPath[int], file_id: FromPath[int]) -> Page:
    """Let a masked copy out."""
    form = await read_form(request, PublishForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.publish(tx, project_id, form.value, await _pictures(request, tx, project_id))
            return see_other(await tx.done(f"/projects/{project_id}/photos"), flash="PRJ-711")
    return await _page(request, project_id, "projects/portal/publish.html", form=form, file_id=file_id)


@post("/projects/{project_id:int}/photos/{photo_id:int}/withdraw", opt=needs(P.BUILD), status_code=200)
async def withdraw(request: AnyRequest, project_id: FromPath[int], photo_id: FromPath[int]) -> Page:
    """Take a picture back."""
    form = await read_form(request, WithdrawForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.withdraw(tx, photo_id, form.value.reason)
            return see_other(await tx.done(f"/projects/{project_id}/photos"), flash="PRJ-712")
    return await _page(request, project_id, "projects/portal/photos.html", form=form)


ROUTES = [photos, publish_page, publish, withdraw]
