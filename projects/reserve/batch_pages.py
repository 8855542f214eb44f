"""Pages of deciding in bulk: pick, order, watch, read what was not done."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices
from projects.permissions import P
from projects.reserve import batches, queries, service
from projects.reserve.forms import BatchForm, NothingForm
from projects.reserve.lists import BATCHES
from projects.reserve.states import BatchState
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import asked, places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
SHOWN = 200  # results of one kind on a page


@get("/reserve/batches", opt=needs(P.VIEW))
async def listed(request: AnyRequest) -> Page:
    """List the batches of the range."""
    may = _decisions(request.scope["state"]["actor"])
    return await BATCHES.respond(request, "projects/reserve/batches.html", may_decide=bool(may))


def _decisions(actor: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - the person
    """List what a post may decide in bulk. Shape: [(value, title)]."""
    return [
        (d.value, CATALOGUE.text(f"projects.decision.{d.value}"))
        for d, need in batches.NEEDS.items()
        if actor.may(need)
    ]


@get("/reserve/batches/new", opt=needs(P.VIEW))
async def new(request: AnyRequest) -> Page:
    """Show what waits, to be picked."""
    return await _new(request, None)


async def _new(request: AnyRequest, form: Form[BatchForm] | None) -> Page:
    chosen = {name: request.query_params.get(name, "")[:24] for name in ("category", "township")}
    async with open_tx(request) as tx:
        state = "submitted" if tx.actor.may(P.CHECK) and not tx.actor.may(P.ADMIT) else "township_passed"
        most = tx.policy.whole("projects.reserve.batch_most")
        top = tx.actor.division_code or ""
        within = asked(chosen["township"], top)
        known = await places(tx)
        facts: dict[str, Any] = {
            "rows": await queries.waiting(tx, state, code_range(within), chosen["category"], most) if within else [],
            "most": most,
            "cycle": service.cycle(tx),
            "clauses": tx.policy.get("projects.reserve.refusal_clauses"),
            "townships": [(code, name) for code, name, _ in known.options(top, "")],
            "decisions": _decisions(tx.actor),
            "today": tx.today,
        }
    shown = form or new_form(BatchForm, years=facts["cycle"][1])
    return render(
        request,
        "projects/reserve/batch_new.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        asked=chosen,
        categories=choices.CATEGORIES,
        **facts,
    )


@post("/reserve/batches/new", opt=needs(P.VIEW), status_code=200)
async def order(request: AnyRequest) -> Page:
    """Order a decision over all that was picked; the work goes on in the background."""
    form = await read_form(request, BatchForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await batches.order(tx, form.value)
            location = await tx.done(f"/reserve/batches/{key}")
        if not form.problems:
            batches.start(key)
            return see_other(location)
    return await _new(request, form)


async def _facts(tx: Tx, batch_id: int) -> dict[str, Any]:
    row = await queries.batch(tx, batch_id)
    busy = row["state"] == BatchState.RUNNING and not row["failure"]
    return {"b": row, "busy": busy, "still": busy and await batches.lies_still(tx, batch_id)}


@get("/reserve/batches/{review_batch_id:int}", opt=needs(P.VIEW))
async def one(request: AnyRequest, review_batch_id: FromPath[int]) -> Page:
    """Show how far a batch is; asked again by itself while there is work, and takes up what lies still."""
    async with open_tx(request) as tx:
        facts = await _facts(tx, review_batch_id)
        refused = await queries.batch_items(tx, review_batch_id, "refused", SHOWN)
        done = await queries.batch_items(tx, review_batch_id, "done", SHOWN)
        entries = await timeline(tx, batches.TABLE, review_batch_id)
        may_stop = facts["b"]["state"] == BatchState.RUNNING and tx.actor.may(batches.NEEDS[facts["b"]["decision"]])
    if facts["still"]:
        batches.start(review_batch_id)
    part = wants_fragment(request) and facts["busy"]
    headers = {"HX-Refresh": "true"} if wants_fragment(request) and not facts["busy"] else {}
    name = "projects/reserve/batch_progress.html" if part else "projects/reserve/batch.html"
    form = new_form(BatchForm)
    return render(
        request,
        name,
        headers=headers,
        refused=refused,
        done=done,
        entries=entries,
        form=form,
        shown=SHOWN,
        may_stop=may_stop,
        **facts,
    )


@post("/reserve/batches/{review_batch_id:int}/again", opt=needs(P.VIEW), status_code=200)
async def again(request: AnyRequest, review_batch_id: FromPath[int]) -> Page:
    """Let a batch that failed go on."""
    async with open_tx(request) as tx:
        await batches.again(tx, review_batch_id)
    batches.start(review_batch_id)
    return see_other(f"/reserve/batches/{review_batch_id}")


@post("/reserve/batches/{review_batch_id:int}/stop", opt=needs(P.VIEW), status_code=200)
async def stop(request: AnyRequest, review_batch_id: FromPath[int]) -> Page:
    """Leave the rest of a batch undecided."""
    form = await read_form(request, NothingForm)
    location = f"/reserve/batches/{review_batch_id}"
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        await batches.stop(tx, review_batch_id)
        return see_other(await tx.done(location), flash="projects.flash.batch_stopped")
    return see_other(location)


ROUTES = [listed, new, order, one, again, stop]
