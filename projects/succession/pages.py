"""Pages of successions: the list, recording one, what would follow, carrying it out."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.succession import queries, service
from projects.succession.forms import CancelForm, Kind, SuccessionForm
from projects.succession.queries import TABLE
from projects.succession.states import SUCCESSION
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
SHOWN = {
    "projects_project": "projects",
    "projects_asset": "assets",
    "projects_contract": "contracts",
    "register_household": "households",
    "register_member": "members",
    "kernel_file": "files",
}
KINDS = [(k.value, CATALOGUE.text(f"list.successions.kind.{k.value}")) for k in Kind]


def grouped(rows: dict[str, int]) -> dict[str, int]:
    """Put what follows into the words of a county: projects, assets, households …, all else together."""
    found: dict[str, int] = dict.fromkeys((*SHOWN.values(), "others"), 0)
    for table, count in rows.items():
        found[SHOWN.get(table, "others")] += count
    return {name: count for name, count in found.items() if count}


@get("/succession", opt=needs(P.SUCCEED))
async def successions(request: AnyRequest) -> Page:
    """List the successions of the range."""
    return await queries.SUCCESSIONS.respond(request, "projects/succession/list.html")


@get("/succession/new", opt=needs(P.SUCCEED))
async def new(request: AnyRequest) -> Page:
    """Offer to record a succession."""
    return await _new(request, new_form(SuccessionForm, kind=Kind.MERGE))


async def _new(request: AnyRequest, form: Form[SuccessionForm]) -> Page:
    async with open_tx(request) as tx:
        villages = await queries.villages(tx)
    status = form.status if form.problems else 200
    template = "projects/succession/new.html"
    return render(request, template, status=status, form=form, villages=villages, kinds=KINDS)


@post("/succession/new", opt=needs(P.SUCCEED), status_code=200)
async def record(request: AnyRequest) -> Page:
    """Record a succession."""
    form = await read_form(request, SuccessionForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await service.record(tx, form.value)
            return see_other(await tx.done(f"/succession/{made['id']}"), flash="PRJ-730")
    return await _new(request, form)


@get("/succession/{succession_id:int}", opt=needs(P.SUCCEED))
async def succession(request: AnyRequest, succession_id: FromPath[int]) -> Page:
    """Show a succession and what follows with it."""
    return await _show(request, succession_id, new_form(CancelForm))


async def _show(request: AnyRequest, succession_id: int, form: Form[CancelForm]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, succession_id)
        waits = row["state"] == "pending"
        facts: dict[str, Any] = {
            "s": row,
            "rows": grouped(await service.preview(tx, row["division_code"]) if waits else row["moved"]),
            "posts": await accounts.standing_posts(tx, row["division_code"]) if waits else [],
            "today": tx.today,
            "verbs": verbs_open(SUCCESSION, row, tx.actor),
            "entries": await timeline(tx, TABLE, succession_id),
        }
    status = form.status if form.problems else 200
    return render(request, "projects/succession/show.html", status=status, form=form, **facts)


@post("/succession/{succession_id:int}/apply", opt=needs(P.SUCCEED), status_code=200)
async def apply(request: AnyRequest, succession_id: FromPath[int]) -> Page:
    """Carry a succession out."""
    form = await read_form(request, CancelForm, partial=True)
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        await service.apply(tx, succession_id)
        return see_other(await tx.done(f"/succession/{succession_id}"), flash="PRJ-731")
    return await _show(request, succession_id, form)


@post("/succession/{succession_id:int}/cancel", opt=needs(P.SUCCEED), status_code=200)
async def cancel(request: AnyRequest, succession_id: FromPath[int]) -> Page:
    """Give a succession up."""
    form = await read_form(request, CancelForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.cancel(tx, succession_id, form.value.reason)
            return see_other(await tx.done(f"/succession/{succession_id}"), flash="PRJ-732")
    return await _show(request, succession_id, form)


ROUTES = [successions, new, record, succession, apply, cancel]
