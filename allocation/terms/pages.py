"""Pages of the clocks: carried-over money, one clock, money taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget.listing import BOUND, FREE, UNSPENT
from allocation.permissions import P
from allocation.printing import printed
from allocation.terms import documents, queries, service
from allocation.terms.forms import DecideForm, ReasonForm, TakeForm
from allocation.terms.listing import STAGES, TAKEBACKS, clock_source, clocks, rule_of
from allocation.terms.rules import Stage, stage
from allocation.terms.states import TAKEBACK
from quzhou_migrants.kernel.actor import trimmed
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
CODE_DIGITS = 12
KINDS = {"unspent": ",".join(UNSPENT), "bound": ",".join(BOUND), "unbound": ",".join(FREE)}


@get("/terms", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def index(request: AnyRequest) -> Page:
    """List every batch that still holds money in a county, by the day it is due back."""
    async with open_tx(request) as tx:
        listing = clocks(tx)
        sums = await _sums(tx)
        known = await places(tx)
        rule, source = _rule(tx)
    series = [
        (CATALOGUE.text(f"terms.stage.{s}"), [n[s] / 1_000_000 for n in sums.values()], [_url(c, s) for c in sums])
        for s in STAGES
    ]
    return await listing.respond(
        request,
        "allocation/terms/clocks.html",
        names=[known.name(code) for code in sums],
        series=series,
        sums={s: sum(n[s] for n in sums.values()) for s in STAGES},
        rule=rule,
        source=source,
    )


def _url(code: str, of_stage: str) -> str:
    return f"/terms?division={code}&stage={of_stage}" if trimmed(code)[4:] else f"/terms?stage={of_stage}"


async def _sums(tx: Tx) -> dict[str, dict[str, int]]:
    """Add up what is unspent by holder and stage. Units: fen."""
    rows = await tx.conn.fetch(
        f"SELECT q.division_code AS code, q.stage, sum(q.unspent_fen)::bigint AS fen FROM {clock_source(*rule_of(tx))}"  # noqa: S608 - our own text
        " GROUP BY 1, 2 ORDER BY 1"
    )
    found: dict[str, dict[str, int]] = {}
    for r in rows:
        found.setdefault(r["code"], dict.fromkeys(STAGES, 0))[r["stage"]] = r["fen"]
    return found


def _rule(tx: Tx) -> tuple[str, Any]:
    years, basis = queries.carry_rule(tx.policy)
    words = CATALOGUE.text(f"terms.basis.{basis.value}").format(years=years)
    return words, tx.policy.param("allocation.terms.carry_basis")


@get("/terms/clock", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def clock(request: AnyRequest, batch: FromQuery[int], division: FromQuery[str]) -> Page:
    """Show one clock: what of a batch lies where in a county, until when; propose to hand it in."""
    return await _clock(request, batch, division, None)


async def _clock(request: AnyRequest, batch: int, division: str, form: Form[TakeForm] | None) -> Page:
    if len(division) != CODE_DIGITS:
        raise Refused("KRN-404")
    async with open_tx(request) as tx:
        row = await queries.clock(tx, batch, division)
        free = await queries.free_money(tx, batch, division)
        near = stage(row["due_on"], tx.today, tx.policy.whole("allocation.terms.warn_days"))
        context: dict[str, Any] = {
            "row": row,
            "free": free,
            "place": (await places(tx)).name(division),
            "near": near.value,
            "left": queries.left_in(row["due_on"], tx.today),
            "rule": _rule(tx)[0],
            "kinds": KINDS,
            "drafts": await tx.conn.fetch(
                "SELECT id, amount_fen, state FROM allocation_takeback WHERE batch = $1 AND division_code = $2"
                " AND way = 'surplus' ORDER BY id DESC LIMIT 20",
                batch,
                division,
            ),
            "told": await queries.reminders(tx, queries.BATCH, batch, division),
            "may_take": tx.actor.may(P.PREPARE_TAKEBACK) and near is Stage.OVER and free > 0,
        }
    shown = form or new_form(TakeForm, amount_fen=free or None)
    status = shown.status if shown.problems else 200
    return render(request, "allocation/terms/clock.html", form=shown, status=status, **context)


@post("/terms/clock", opt=needs(P.PREPARE_TAKEBACK), status_code=200, include_in_schema=False)
async def propose(request: AnyRequest, batch: FromQuery[int], division: FromQuery[str]) -> Page:
    """Propose to hand carried-over money to the treasury."""
    form = await read_form(request, TakeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.prepare_surplus(tx, batch, division, form.value)
            return see_other(await tx.done(f"/terms/takebacks/{key}"), flash="allocation.terms.takeback.prepare")
    return await _clock(request, batch, division, form)


@get("/terms/takebacks", opt=needs(P.VIEW_TERMS), include_in_schema=False)
async def takebacks(request: AnyRequest) -> Page:
    """List what was, or is to be, taken back, with whose it was."""
    return await TAKEBACKS.respond(request, "allocation/terms/list.html", heading=TAKEBACKS.title)


@get("/terms/takebacks/{takeback_id:int}", opt=needs(P.VIEW_TERMS), include_in_schema=False)
async def takeback(request: AnyRequest, takeback_id: FromPath[int]) -> Page:
    """Show one act of taking back: whose it was, why, out of which batches, under which document."""
    return await _takeback(request, takeback_id)


async def _takeback(request: AnyRequest, takeback_id: int, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.takeback(tx, takeback_id)
        verbs = verbs_open(TAKEBACK, row, tx.actor)
        context: dict[str, Any] = {
            "row": row,
            "verbs": [v for v in verbs if not _idle(row, v, tx)],
            "lines": await queries.taken_lines(tx, takeback_id),
            "clause": service.clause_of(row["way"]),
            "papers": await files_of(tx, (queries.TAKEBACK, takeback_id)),
            "entries": await timeline(tx, queries.TAKEBACK, takeback_id),
            "sees_money": tx.actor.may(P.VIEW_FUNDS),
        }
    shown = form or new_form(DecideForm if row["state"] == "draft" else ReasonForm)
    status = shown.status if shown.problems else 200
    return render(request, "allocation/terms/takeback.html", form=shown, status=status, **context)


def _idle(row: dict[str, Any], verb: str, tx: Tx) -> bool:
    """Tell whether a button would only be refused: one's own proposal, another county's pool."""
    foreign = row["way"] == "replan" and row["to_division"] != tx.actor.division_code
    return verb != "drop" and (row["prepared_by"] == tx.actor.user_id or foreign)


@post(
    "/terms/takebacks/{takeback_id:int}/decide",
    opt=needs(P.TAKE_BACK),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=UPLOAD_BODY,
)
async def decide(request: AnyRequest, takeback_id: FromPath[int]) -> Page:
    """Take the money back under a document."""
    form = await read_form(request, DecideForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.decide(tx, takeback_id, form.value)
            return see_other(await tx.done(f"/terms/takebacks/{takeback_id}"), flash="TAKEBACK.decide")
    return await _takeback(request, takeback_id, form)


@post(
    ["/terms/takebacks/{takeback_id:int}/drop"],
    opt=needs(P.PREPARE_TAKEBACK),
    status_code=200,
    include_in_schema=False,
)
async def drop(request: AnyRequest, takeback_id: FromPath[int]) -> Page:
    """Give a proposal up."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.drop(tx, takeback_id, form.value.reason)
            return see_other(await tx.done(f"/terms/takebacks/{takeback_id}"), flash="TAKEBACK.drop")
    return await _takeback(request, takeback_id, form)


@post("/terms/takebacks/{takeback_id:int}/reverse", opt=needs(P.TAKE_BACK), status_code=200, include_in_schema=False)
async def undo(request: AnyRequest, takeback_id: FromPath[int]) -> Page:
    """Undo a mistake by its mirror."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.undo(tx, takeback_id, form.value.reason)
            address = f"/terms/takebacks/{takeback_id}"
            return see_other(await tx.done(address), flash="TAKEBACK.reverse")
    return await _takeback(request, takeback_id, form)


@get("/terms/takebacks/{takeback_id:int}/form.pdf", opt=needs(P.VIEW_TERMS), include_in_schema=False)
async def form_pdf(request: AnyRequest, takeback_id: FromPath[int]) -> Page:
    """Print the act for signing and filing."""
    async with open_tx(request) as tx:
        document = await documents.takeback_form(tx, takeback_id)
    return await printed(document, f"takeback-{takeback_id}")


ROUTES: Sequence[Any] = [index, clock, propose, takebacks, takeback, decide, drop, undo, form_pdf]
