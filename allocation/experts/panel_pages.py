"""Pages of a panel: seats, draws, people from outside the pool; one draw with its order, file and record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.competitive import queries as rounds
from allocation.competitive.states import S as Round
from allocation.experts import documents, drawing, queries, view
from allocation.experts.forms import EmptyForm, FreezeForm, OutsideForm, ReasonForm, SeedForm
from allocation.experts.listing import specialities
from allocation.experts.states import DRAW, DRAWN, OUTSIDE
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Work = Callable[[Tx, int, S], Awaitable[object]]


@get("/rounds/{round_id:int}/panel", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def panel(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show who sits, who was drawn, who was asked for from outside."""
    return await _panel(request, round_id)


async def _panel(request: AnyRequest, round_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await rounds.round_of(tx, round_id)
        draws = await queries.draws(tx, round_id)
        own = row["division_code"] == tx.actor.division_code
        preparing = own and tx.actor.may(P.PREPARE_ROUND)
        can_freeze = preparing and row["state"] in {Round.OPEN, Round.SCORING} and not _open(draws)
        people = await accounts.people_outside(tx, accounts.Role.EXPERT) if preparing else []
        known = await specialities(tx)
        outsiders = await queries.outsiders(tx, round_id)
        context: dict[str, Any] = {
            "row": row,
            "seats": await rounds.experts(tx, round_id, left=True),
            "draws": draws,
            "can_freeze": can_freeze,
            "can_ask": preparing and row["state"] in {Round.DRAFT, Round.OPEN},
            "specialities": known,
            "free": await _free(tx, row, [name for name, _ in known]) if can_freeze else {},
            "outsiders": [{**o, "verbs": verbs_open(OUTSIDE, o, tx.actor) if own else []} for o in outsiders],
            "people": [(p["id"], f"{p['name']} ({p['login']})") for p in people],
        }
    forms: dict[str, Form[Any]] = {
        "freeze": new_form(FreezeForm, groups=[{"speciality": name} for name, _ in known]),
        "outside": new_form(OutsideForm),
        "step": new_form(EmptyForm),
        "reason": new_form(ReasonForm),
    }
    if failed:
        forms[failed[0]] = failed[1]
    return render(
        request,
        "allocation/experts/panel.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failed[1] if failed else None,
        status=failed[1].status if failed else 200,
        **context,
    )


def _open(draws: list[dict[str, Any]]) -> bool:
    return any(d["state"] == "frozen" for d in draws)


async def _free(tx: Tx, row: dict[str, Any], names: list[str]) -> dict[str, int]:
    return queries.free_by_speciality(await queries.frame(tx, row, ()), names)


@post("/rounds/{round_id:int}/draws", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def freeze(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Freeze what a draw rests on."""
    form = await read_form(request, FreezeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await drawing.freeze(tx, round_id, form.value.groups)
            return see_other(await tx.done(f"/draws/{key}"), flash="allocation.draw.freeze")
    return await _panel(request, round_id, ("freeze", form))


@post("/rounds/{round_id:int}/outside", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def ask_outside(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Ask for somebody from outside the pool."""
    form = await read_form(request, OutsideForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await drawing.ask_outside(tx, round_id, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}/panel"), flash="allocation.outside.ask")
    return await _panel(request, round_id, ("outside", form))


async def _outside_step(request: AnyRequest, outside_id: int, name: str, struct: type[S], work: Work[S]) -> Page:
    form = await read_form(request, struct)
    async with open_tx(request) as tx:
        round_id = (await queries.outside(tx, outside_id))["round"]
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, outside_id, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}/panel"), flash=tx.command)
    return await _panel(request, round_id, (name, form))


@post("/outside-experts/{outside_id:int}/permit", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def permit(request: AnyRequest, outside_id: FromPath[int]) -> Page:
    """Permit somebody from outside the pool."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await drawing.permit(tx, key)

    return await _outside_step(request, outside_id, "step", EmptyForm, work)


@post("/outside-experts/{outside_id:int}/refuse", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def refuse(request: AnyRequest, outside_id: FromPath[int]) -> Page:
    """Refuse somebody from outside the pool."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await drawing.refuse(tx, key, form.reason)

    return await _outside_step(request, outside_id, "reason", ReasonForm, work)


@post("/outside-experts/{outside_id:int}/seat", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def seat_outside(request: AnyRequest, outside_id: FromPath[int]) -> Page:
    """Seat somebody who was permitted."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await drawing.seat_outside(tx, key)
        await tx.enter("allocation.outside.seat")

    return await _outside_step(request, outside_id, "step", EmptyForm, work)


@post("/outside-experts/{outside_id:int}/leave", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def leave_outside(request: AnyRequest, outside_id: FromPath[int]) -> Page:
    """Note that somebody from outside does not sit any more."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await drawing.leave_outside(tx, key, form.reason)
        await tx.enter("allocation.outside.leave")

    return await _outside_step(request, outside_id, "reason", ReasonForm, work)


@get("/draws/{draw_id:int}", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def shown(request: AnyRequest, draw_id: FromPath[int]) -> Page:
    """Show one draw: what it rests on, the order, who was drawn and who was left out."""
    return await _show(request, draw_id)


async def _show(request: AnyRequest, draw_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    async with open_tx(request) as tx:
        found = await view.shown(tx, draw_id)
        row = await rounds.round_of(tx, found.draw["round"])
        own = row["division_code"] == tx.actor.division_code
        verbs = verbs_open(DRAW, found.draw, tx.actor) if own else []
        changing = own and row["state"] in drawing.STILL_CHANGING
        moves = {x["id"]: verbs_open(DRAWN, x, tx.actor) if changing else [] for x in found.lines}
        context = {
            "found": found,
            "draw": found.draw,
            "row": row,
            "verbs": verbs,
            "moves": moves,
            "froze": found.draw["frozen_by"] == tx.actor.user_id,
        }
    forms: dict[str, Form[Any]] = {
        "seed": new_form(SeedForm),
        "reason": new_form(ReasonForm),
        "step": new_form(EmptyForm),
    }
    if failed:
        forms[failed[0]] = failed[1]
    return render(
        request,
        "allocation/experts/draw.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failed[1] if failed else None,
        status=failed[1].status if failed else 200,
        **context,
    )


async def _step(request: AnyRequest, draw_id: int, name: str, struct: type[S], work: Callable[[Tx, S], Any]) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/draws/{draw_id}"), flash=tx.command)
    return await _show(request, draw_id, (name, form))


@post("/draws/{draw_id:int}/draw", opt=needs(P.WITNESS_DRAW), include_in_schema=False, status_code=200)
async def draw(request: AnyRequest, draw_id: FromPath[int]) -> Page:
    """Draw."""

    async def work(tx: Tx, form: SeedForm) -> None:
        await drawing.draw(tx, draw_id, form)

    return await _step(request, draw_id, "seed", SeedForm, work)


@post("/draws/{draw_id:int}/void", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def void(request: AnyRequest, draw_id: FromPath[int]) -> Page:
    """Give a frozen draw up."""

    async def work(tx: Tx, form: ReasonForm) -> None:
        await drawing.void(tx, draw_id, form.reason)

    return await _step(request, draw_id, "reason", ReasonForm, work)


@post(
    "/draws/{draw_id:int}/lines/{draw_line_id:int}/seat",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def seat(request: AnyRequest, draw_id: FromPath[int], draw_line_id: FromPath[int]) -> Page:
    """Seat one who was drawn."""

    async def work(tx: Tx, _form: EmptyForm) -> None:
        await drawing.seat(tx, draw_line_id)
        await tx.enter("allocation.draw.seat")

    return await _step(request, draw_id, "step", EmptyForm, work)


@post(
    "/draws/{draw_id:int}/lines/{draw_line_id:int}/decline",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def decline(request: AnyRequest, draw_id: FromPath[int], draw_line_id: FromPath[int]) -> Page:
    """Note that one who was drawn does not come, or leaves."""

    async def work(tx: Tx, form: ReasonForm) -> None:
        await drawing.decline(tx, draw_line_id, form.reason)
        await tx.enter("allocation.draw.decline")

    return await _step(request, draw_id, "reason", ReasonForm, work)


@get("/draws/{draw_id:int}/export", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def export(request: AnyRequest, draw_id: FromPath[int]) -> Page:
    """Give the file with which anybody can draw again."""
    async with open_tx(request) as tx:
        text = await view.file_of(tx, draw_id)
    headers = {"Content-Disposition": f'attachment; filename="draw-{draw_id}.json"', "Cache-Control": "no-store"}
    return Response(text.encode(), media_type="application/json", headers=headers)


@get("/draws/{draw_id:int}/record.pdf", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def record(request: AnyRequest, draw_id: FromPath[int]) -> Page:
    """Give the record of a draw as a PDF."""
    async with open_tx(request) as tx:
        document = await documents.record(tx, draw_id)
    return await printed(document, f"draw-{draw_id}")


ROUTES = [
    panel,
    freeze,
    ask_outside,
    permit,
    refuse,
    seat_outside,
    leave_outside,
    shown,
    draw,
    void,
    seat,
    decline,
    export,
    record,
]
