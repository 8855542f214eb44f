"""Pages of pools: the list, one pool with its trail, setting up, filling, giving, taking back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.budget.papers import SPLIT_TABLE, scans_of_splits
from allocation.budget.rules import Pot
from allocation.budget.withheld import Withheld, by_rounds, house_of, own_free
from allocation.permissions import P
from allocation.terms import queries, rules, service
from allocation.terms.forms import EmptyForm, FillForm, GiveForm, PoolForm, TakeForm
from allocation.terms.listing import pool_list
from allocation.terms.rules import Purpose
from allocation.terms.states import TERM_POOL
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@get("/terms/pools", opt=needs(P.VIEW_TERMS), include_in_schema=False)
async def pools(request: AnyRequest) -> Page:
    """List the pools of the range, and places that hold money without a term."""
    async with open_tx(request) as tx:
        listing = pool_list(tx)
        loose = await queries.without_pool(tx)
        keeps = tx.actor.may(P.KEEP_POOL)
    actions = [(CATALOGUE.text("terms.pool.new"), "/terms/pools/new", "primary")] if keeps else []
    return await listing.respond(
        request, "allocation/terms/pools.html", heading=listing.title, actions=actions, loose=loose, keeps=keeps
    )


@get("/terms/pools/new", opt=needs(P.KEEP_POOL), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a pool for a township or village."""
    async with open_tx(request) as tx:
        days = tx.policy.whole("allocation.terms.share_days")
        form = new_form(
            PoolForm,
            division=request.query_params.get("division") or None,
            years=queries.pool_years(tx.policy).least,
            apply_by=tx.today + timedelta(days=days),
        )
    return await _new(request, form)


async def _new(request: AnyRequest, form: Form[PoolForm]) -> Page:
    async with open_tx(request) as tx:
        known = await places(tx)
        years = queries.pool_years(tx.policy)
        param = tx.policy.param("allocation.budget.pool_min_years")
        options = [
            place
            for township in known.children.get(tx.actor.division_code, ())
            for place in ((township, known.name(township)), *_villages(known, township))
        ]
    purposes = [(p.value, CATALOGUE.text(f"terms.purpose.{p.value}")) for p in Purpose]
    return render(
        request,
        "allocation/terms/pool_new.html",
        form=form,
        places=options,
        purposes=purposes,
        years=years,
        source=param.source,
        status=form.status if form.problems else 200,
    )


def _villages(known: Any, township: str) -> list[tuple[str, str]]:  # noqa: ANN401 - the map
    return [(code, f"{known.name(township)} / {known.name(code)}") for code in known.children.get(township, ())]


@post("/terms/pools/new", opt=needs(P.KEEP_POOL), status_code=200, include_in_schema=False)
async def create(request: AnyRequest) -> Page:
    """Set a pool up."""
    form = await read_form(request, PoolForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            pool_id = await service.open_pool(tx, form.value)
            return see_other(await tx.done(f"/terms/pools/{pool_id}"), flash="allocation.terms.pool.open")
    return await _new(request, form)


@get("/terms/pools/{pool_id:int}", opt=needs(P.VIEW_TERMS), include_in_schema=False)
async def pool(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Show one pool: what lies in it, who asks for it, its days, the trail of every sum."""
    return await _pool(request, pool_id, new_form(EmptyForm))


async def _pool(request: AnyRequest, pool_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.pool(tx, pool_id)
        moves = await queries.moves(tx, row["division_code"])
        state = queries.state_of(row)
        promised = await _promised(tx, row)
        warn = tx.policy.whole("allocation.terms.warn_days")
        context: dict[str, Any] = {
            "row": row,
            "place": (await places(tx)).name(row["division_code"]),
            "moves": moves,
            "scans": await scans_of_splits(tx, [m["source_id"] for m in moves if m["source_table"] == SPLIT_TABLE]),
            "unclaimed": rules.replannable(state, tx.today) if row["state"] == "open" else 0,
            "withheld": promised,
            "free": max(0, row["holds_fen"] - sum(w.fen for w in promised)),
            "clause": service.POOLING,
            "near": rules.stage(row["use_by"], tx.today, warn).value,
            "left": queries.left_in(row["use_by"], tx.today),
            "apply_over": row["apply_by"] is not None and tx.today > row["apply_by"],
            "verbs": verbs_open(TERM_POOL, row, tx.actor),
            "told": await queries.reminders(tx, queries.POOL, pool_id, row["division_code"]),
            "entries": await timeline(tx, queries.POOL, pool_id),
            "may": {
                "fill": tx.actor.may(P.KEEP_POOL),
                "give": tx.actor.may(P.AWARD),
                "take": tx.actor.may(P.PREPARE_TAKEBACK) and tx.actor.division_code[:6] == row["division_code"][:6],
                "money": tx.actor.may(P.VIEW_FUNDS),
            },
        }
    status = form.status if form.problems else 200
    return render(request, "allocation/terms/pool.html", form=form, status=status, **context)


@post("/terms/pools/{pool_id:int}/close", opt=needs(P.KEEP_POOL), status_code=200, include_in_schema=False)
async def close(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Close an empty pool."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.close_pool(tx, pool_id)
            return see_other(await tx.done(f"/terms/pools/{pool_id}"), flash="TERM_POOL.close")
    return await _pool(request, pool_id, form)


@get("/terms/pools/{pool_id:int}/fill", opt=needs(P.KEEP_POOL), include_in_schema=False)
async def fill_page(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Show the form that puts money into a pool."""
    return await _act(request, pool_id, "fill", new_form(FillForm))


@post("/terms/pools/{pool_id:int}/fill", opt=needs(P.KEEP_POOL), status_code=200, include_in_schema=False)
async def fill(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Put money of the county into a pool."""
    form = await read_form(request, FillForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.fill_pool(tx, pool_id, form.value)
            return see_other(await tx.done(f"/terms/pools/{pool_id}"), flash="allocation.terms.pool.fill")
    return await _act(request, pool_id, "fill", form)


@get("/terms/pools/{pool_id:int}/give", opt=needs(P.AWARD), include_in_schema=False)
async def give_page(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Show the form that awards a project out of a pool."""
    return await _act(request, pool_id, "give", new_form(GiveForm))


@post("/terms/pools/{pool_id:int}/give", opt=needs(P.AWARD), status_code=200, include_in_schema=False)
async def give(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Award a project out of a pool."""
    form = await read_form(request, GiveForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.give_from_pool(tx, pool_id, form.value)
            return see_other(await tx.done(f"/terms/pools/{pool_id}"), flash="allocation.terms.pool.award")
    return await _act(request, pool_id, "give", form)


@get("/terms/pools/{pool_id:int}/take", opt=needs(P.PREPARE_TAKEBACK), include_in_schema=False)
async def take_page(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Show the form that proposes to take money back from a pool."""
    return await _act(request, pool_id, "take", new_form(TakeForm))


@post("/terms/pools/{pool_id:int}/take", opt=needs(P.PREPARE_TAKEBACK), status_code=200, include_in_schema=False)
async def take(request: AnyRequest, pool_id: FromPath[int]) -> Page:
    """Propose to take money back from a pool, to be planned anew."""
    form = await read_form(request, TakeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.prepare_replan(tx, pool_id, form.value)
            return see_other(await tx.done(f"/terms/takebacks/{key}"), flash="allocation.terms.takeback.prepare")
    return await _act(request, pool_id, "take", form)


async def _promised(tx: Tx, row: dict[str, Any]) -> list[Withheld]:
    """List what published rounds of the county withhold from this pool."""
    place = Pot(row["division_code"])
    return [w for w in await by_rounds(tx, house_of(place.holder)) if w.pot == place]


async def _act(request: AnyRequest, pool_id: int, act: str, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.pool(tx, pool_id)
        context: dict[str, Any] = {
            "row": row,
            "act": act,
            "withheld": await _promised(tx, row) if act == "give" else [],
            "place": (await places(tx)).name(row["division_code"]),
            "unclaimed": rules.replannable(queries.state_of(row), tx.today),
            "left": await own_free(tx, tx.actor.division_code) if act == "fill" else 0,
            "projects": [(p["id"], f"{p['title']} ({yuan(p['asked_fen'])})") for p in await queries.candidates(tx, row)]
            if act == "give"
            else [],
        }
    status = form.status if form.problems else 200
    return render(request, "allocation/terms/pool_act.html", form=form, status=status, **context)


ROUTES: Sequence[Any] = [
    pools, new, create, pool, close, fill_page, fill, give_page, give, take_page, take,
]  # fmt: skip
