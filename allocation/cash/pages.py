"""Pages of the cash room: lists, one list with its households, what the bank sent back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.cash import documents, queries, rules, service
from allocation.cash.forms import EmptyForm, ListForm
from allocation.cash.listing import LINES, LISTS
from allocation.cash.states import CASH_LIST
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Step = Callable[[Tx, int], Awaitable[object]]
SHOWN = 50


@get("/cash", opt=needs(P.VIEW_CASH), include_in_schema=False)
async def lists(request: AnyRequest) -> Page:
    """List the lists."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("cash.new"), "/cash/new", "primary")] if actor.may(P.PREPARE_CASH) else []
    return await LISTS.respond(request, "allocation/cash/lists.html", actions=actions)


@get("/cash/new", opt=needs(P.PREPARE_CASH), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a list."""
    return await _new(request, None)


async def _new(request: AnyRequest, form: Form[ListForm] | None) -> Page:
    async with open_tx(request) as tx:
        pots = await queries.pots(tx, tx.actor.division_code)
        per_head = tx.policy.param("register.support.cash_yearly_fen")
        filled = form or new_form(ListForm, batch=pots[0]["id"] if pots else None, year=tx.today.year)
    status = form.status if form else 200
    return render(request, "allocation/cash/new.html", form=filled, pots=pots, per_head=per_head, status=status)


@post("/cash/new", opt=needs(P.PREPARE_CASH), status_code=200, include_in_schema=False)
async def create(request: AnyRequest) -> Page:
    """Make a list out of the register."""
    form = await read_form(request, ListForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.draft(tx, form.value)
            return see_other(await tx.done(f"/cash/{key}"), flash="allocation.cash.draft")
    return await _new(request, form)


@get("/cash/{cash_id:int}", opt=needs(P.VIEW_CASH), include_in_schema=False)
async def shown(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """Show one list."""
    return await _show(request, cash_id, new_form(EmptyForm))


async def _show(request: AnyRequest, key: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.cash_list(tx, key)
        lines = {r["code"]: (r["name"], r["persons"]) for r in await queries.lines(tx, key)}
        before = await queries.before(tx, row) if row["kind"] == "regular" else {}
        changed = rules.changes(lines, before) if before else []
        codes = tx.policy_for(row["division_code"]).get("allocation.cash.return_codes")
        context: dict[str, Any] = {
            "row": row,
            "results": await queries.results(tx, key),
            "findings": await queries.findings(tx, key),
            "changes": changed[:SHOWN],
            "changed": len(changed),
            "codes": codes,
            "left": await queries.pot(tx, row["division_code"], row["batch"]),
            "refused": await _refused(tx, key),
            "verbs": verbs_open(CASH_LIST, row, tx.actor),
            "mine": row["prepared_by"] == tx.actor.user_id,
            "entries": await timeline(tx, service.LISTS, key),
        }
        page = await LINES.fetch(tx, request, ("c.roll = {}", [key]))
    status = form.status if form.problems else 200
    return render(request, "allocation/cash/list.html", form=form, page=page, status=status, **context)


async def _refused(tx: Tx, key: int) -> list[dict[str, Any]]:
    """List households the bank could not pay."""
    rows = await tx.conn.fetch(
        "SELECT id, code, name, household, amount_fen, return_code, result, account_tail FROM allocation_cash_line"
        " WHERE roll = $1 AND result IN ('failed', 'returned') ORDER BY line_no LIMIT 200",
        key,
    )
    return [dict(r) for r in rows]


@get("/cash/{cash_id:int}/lines", opt=needs(P.VIEW_CASH), include_in_schema=False)
async def lines(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """List the households of a list, also as a spreadsheet."""
    async with open_tx(request) as tx:
        row = await queries.cash_list(tx, cash_id)
    return await LINES.respond(request, "allocation/cash/lines.html", base=("c.roll = {}", [cash_id]), row=row)


async def _step(request: AnyRequest, key: int, work: Step, back: str) -> Page:
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, key)
            return see_other(await tx.done(back), flash=tx.command)
    return await _show(request, key, form)


@post("/cash/{cash_id:int}/approve", opt=needs(P.APPROVE_CASH), status_code=200, include_in_schema=False)
async def approve(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """Approve a list."""
    return await _step(request, cash_id, service.approve, f"/cash/{cash_id}")


@post("/cash/{cash_id:int}/discard", opt=needs(P.PREPARE_CASH), status_code=200, include_in_schema=False)
async def discard(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """Put a list away."""
    return await _step(request, cash_id, service.discard, f"/cash/{cash_id}")


@post("/cash/{cash_id:int}/close", opt=needs(P.PREPARE_CASH), status_code=200, include_in_schema=False)
async def close(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """Close a list."""
    return await _step(request, cash_id, service.close, f"/cash/{cash_id}")


@post("/cash/lines/{cash_line_id:int}/renew", opt=needs(P.PREPARE_CASH), status_code=200, include_in_schema=False)
async def renew(request: AnyRequest, cash_line_id: FromPath[int]) -> Page:
    """Take a household's corrected account from the register."""
    form = await read_form(request, EmptyForm)
    async with open_tx(request) as tx:
        roll = (await queries.line(tx, cash_line_id))["roll"]
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.renew(tx, cash_line_id)
            return see_other(await tx.done(f"/cash/{roll}"), flash=tx.command)
    return await _show(request, roll, form)


@get("/cash/{cash_id:int}/list.pdf", opt=needs(P.VIEW_CASH), include_in_schema=False)
async def paper(request: AnyRequest, cash_id: FromPath[int]) -> Page:
    """Give the payment list as an official paper."""
    async with open_tx(request) as tx:
        document = await documents.payment_list(tx, cash_id)
    return await printed(document, f"cash-{cash_id}")


ROUTES = [lists, new, create, shown, lines, approve, discard, close, renew, paper]
