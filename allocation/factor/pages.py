"""Pages of the factor room: a run from draft to shares, and its file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget import overview
from allocation.budget import queries as budget
from allocation.budget.forms import EmptyForm, ReasonForm
from allocation.factor import notice_queries, queries, service
from allocation.factor.approval import levels
from allocation.factor.data_service import RUN_TABLE
from allocation.factor.forms import FreezeForm, OpinionForm, RunForm
from allocation.factor.frozen import export
from allocation.factor.listing import RUNS, SHARES
from allocation.factor.states import RUN
from allocation.factor.view import run_context
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor, code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)


@get("/factor", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def runs(request: AnyRequest) -> Page:
    """List the runs in sight: one's own, and the approved ones from above that gave one a share."""
    actor: Actor = request.scope["state"]["actor"]
    lo, hi = code_range(actor.division_code) if actor.division_code else ("", "~")
    shared = (
        "r.state IN ('approved', 'revoked') AND EXISTS (SELECT 1 FROM allocation_factor_share p WHERE p.run = r.id)"
    )
    base = (f"({shared}) OR (r.division_code >= {{}} AND r.division_code < {{}})", [lo, hi])
    actions: list[tuple[str, ...]] = [(CATALOGUE.text("factor.shares"), "/factor/shares")]
    if actor.may(P.PREPARE_FACTOR):
        actions += [
            (CATALOGUE.text("factor.schemes"), "/factor/schemes"),
            (CATALOGUE.text("factor.new"), "/factor/new", "primary"),
        ]
    return await RUNS.respond(request, "allocation/factor/list.html", base=base, actions=actions)


@get("/factor/shares", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def shares(request: AnyRequest) -> Page:
    """List what one's range got from approved runs."""
    async with open_tx(request) as tx:
        lines = await overview.balances(tx, "division") if tx.actor.may(P.VIEW_FUNDS) else []
    return await SHARES.respond(request, "allocation/factor/shares.html", lines=lines)


@get("/factor/new", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def new_run(request: AnyRequest, batch: FromQuery[int] = 0) -> Page:
    """Start a run; the whole project money of the batch is proposed."""
    async with open_tx(request) as tx:
        pots = await budget.available(tx, tx.actor.division_code)
        first = next(iter(await queries.schemes_in_use(tx, tx.actor.division_code)), None)
        year = CATALOGUE.text("factor.title_of").format(year=tx.today.year)
    pool = next((p["fen"] for p in pots if p["batch"] == batch), None)
    form = new_form(RunForm, batch=batch or None, pool_fen=pool, title=year, scheme=first["id"] if first else None)
    return await _run_form(request, form)


async def _run_form(request: AnyRequest, form: Form[RunForm]) -> Page:
    async with open_tx(request) as tx:
        pots = await budget.available(tx, tx.actor.division_code)
        stored = await queries.schemes_in_use(tx, tx.actor.division_code)
    return render(
        request,
        "allocation/factor/new.html",
        form=form,
        pots=pots,
        schemes=stored,
        status=form.status if form.problems else 200,
    )


@post("/factor/new", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def create_run(request: AnyRequest) -> Page:
    """Keep a new run."""
    form = await read_form(request, RunForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            run_id = await service.draft_run(tx, form.value)
            return see_other(await tx.done(f"/factor/{run_id}/data"), flash="allocation.factor.draft")
    return await _run_form(request, form)


@get("/factor/{run_id:int}", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def run(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Show one run: scheme, data, findings, result, what can be done next."""
    return await _run_page(request, run_id, new_form(EmptyForm))


async def _run_page(request: AnyRequest, run_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.run(tx, run_id)
        context = await run_context(tx, row)
        own = queries.is_house(tx, row["division_code"])
        context["verbs"] = verbs_open(RUN, row, tx.actor) if own else []
        context["opinions"] = await queries.opinions(tx, row)
        context["levels"] = levels(row["pool_fen"], tx.policy.get("allocation.factor.approval_amounts_fen"))
        context["told"] = await notice_queries.of_run(tx, run_id)
        context["may_tell"] = tx.actor.may(P.PREPARE_FACTOR) and own
        context["spoke"] = tx.actor.user_id in {row["frozen_by"], *(o["approver"] for o in context["opinions"])}
        context["entries"] = await timeline(tx, RUN_TABLE, run_id)
    return render(
        request,
        "allocation/factor/run.html",
        form=form,
        freeze=_kept(form, FreezeForm),
        back=_kept(form, ReasonForm),
        say=_kept(form, OpinionForm),
        status=form.status if form.problems else 200,
        **context,
    )


def _kept(form: Form[Any], struct: type[S]) -> Form[S]:
    """Give the form that was refused, or an empty one of the kind a panel shows."""
    return form if form.struct is struct else new_form(struct)


@post("/factor/{run_id:int}/freeze", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def freeze(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Freeze the inputs."""
    return await _step(request, run_id, FreezeForm, lambda tx, f: service.freeze_run(tx, run_id, f.remark))


@post("/factor/{run_id:int}/approve", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def approve(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Approve and post the shares."""
    return await _step(request, run_id, OpinionForm, lambda tx, f: service.approve_run(tx, run_id, f.opinion))


@post("/factor/{run_id:int}/reopen", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def reopen(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Open frozen inputs again."""
    return await _step(request, run_id, ReasonForm, lambda tx, f: service.reopen_run(tx, run_id, f.reason))


@post("/factor/{run_id:int}/send_back", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def send_back(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Send frozen inputs back."""
    return await _step(request, run_id, ReasonForm, lambda tx, f: service.send_back_run(tx, run_id, f.reason))


@post("/factor/{run_id:int}/cancel", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def cancel(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give up a draft."""
    return await _step(request, run_id, ReasonForm, lambda tx, f: service.cancel_run(tx, run_id, f.reason))


@post("/factor/{run_id:int}/revoke", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def revoke(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Take an approved run back."""
    return await _step(request, run_id, ReasonForm, lambda tx, f: service.revoke_run(tx, run_id, f.reason))


async def _step(request: AnyRequest, run_id: int, struct: type[S], work: Callable[[Tx, S], Awaitable[object]]) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/factor/{run_id}"), flash=tx.command)
    return await _run_page(request, run_id, form)


def _download(body: str, name: str, media_type: str) -> Page:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


@get("/factor/{run_id:int}/export.json", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def exported(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give the one file anybody can recompute the run from."""
    async with open_tx(request) as tx:
        row = await queries.run(tx, run_id)
    if not row["frozen"]:
        raise Refused("ALC-240")
    return _download(export(row["frozen"]), f"factor-{run_id}-{row['sha256'][:12]}.json", "application/json")


ROUTES = [
    runs,
    shares,
    new_run,
    create_run,
    run,
    freeze,
    approve,
    reopen,
    send_back,
    cancel,
    revoke,
    exported,
]
