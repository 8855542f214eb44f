"""Pages of API keys: the list, a new key shown once, what a key may do and how it was used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from quzhou_migrants.accounts import keys
from quzhou_migrants.accounts.forms import EmptyForm, KeyForm
from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.listing import Column, Filter, Listing
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]

KEYS = Listing(
    key="api_keys",
    source="accounts_api_key k LEFT JOIN accounts_api_use u ON u.key_id = k.id",
    id="k.id",
    scope="k.division_code",
    descending=True,
    columns=(
        Column("id", "k.id", kind="int", shown=False, export=False),
        Column("name", "k.name", link="/accounts/keys/{id}"),
        Column("holder", "k.holder"),
        Column("place", "k.division_code", kind="division"),
        Column("hint", "k.hint || '···'", kind="code"),
        Column("expires_on", "k.expires_on", kind="date", sort=True),
        Column("total", "coalesce(u.total, 0)", kind="int"),
        Column("last_at", "u.last_at", kind="datetime"),
        Column("state", "k.state", kind="state", machine="API_KEY"),
    ),
    filters=(
        Filter("place", "k.division_code", kind="division"),
        Filter("state", "k.state = {}", machine="API_KEY"),
    ),
)


@get("/accounts/keys", opt=needs(P.MANAGE_KEYS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the keys of the range."""
    return await KEYS.respond(request, actions=[(CATALOGUE.text("keys.new"), "/accounts/keys/new", "primary")])


@get("/accounts/keys/new", opt=needs(P.MANAGE_KEYS), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a key."""
    return await _new(request, None)


async def _new(request: AnyRequest, form: Form[KeyForm] | None) -> Page:
    async with open_tx(request) as tx:
        most = tx.policy.whole("accounts.keys.days_most")
        often = tx.policy.whole("accounts.keys.per_minute")
        filled = form or new_form(
            KeyForm, place=tx.actor.division_code, expires_on=tx.today + timedelta(days=most), per_minute=often
        )
        divisions = await _divisions(tx)
    scopes = [(s, CATALOGUE.permission(s)) for s in sorted(keys.SCOPES)]
    return render(
        request,
        "accounts/key_new.html",
        form=filled,
        divisions=divisions,
        scopes=scopes,
        most=most,
        often=often,
        status=form.status if form else 200,
    )


async def _divisions(tx: Tx) -> list[tuple[str, str]]:
    """Offer one's own division, and the counties and townships inside it."""
    lo, hi = code_range(tx.actor.division_code)
    rows = await tx.conn.fetch(
        "SELECT code, full_name FROM kernel_division WHERE code >= $1 AND code < $2 AND active"
        " AND level IN ('city', 'county', 'township') ORDER BY code",
        lo,
        hi,
    )
    return [(r["code"], r["full_name"]) for r in rows]


@post("/accounts/keys/new", opt=needs(P.MANAGE_KEYS), status_code=200, include_in_schema=False)
async def create(request: AnyRequest) -> Page:
    """Make a key and show it, once."""
    form = await read_form(request, KeyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await keys.create(tx, form.value)
            await tx.done(f"/accounts/keys/{made.id}")
            answer = await _page(request, tx, made.id, secret=made.secret)
            answer.headers["Cache-Control"] = "no-store"
            return answer
    return await _new(request, form)


@get("/accounts/keys/{api_key_id:int}", opt=needs(P.MANAGE_KEYS), include_in_schema=False)
async def shown(request: AnyRequest, api_key_id: FromPath[int]) -> Page:
    """Show a key's rights and use, never the key."""
    async with open_tx(request) as tx:
        return await _page(request, tx, api_key_id)


async def _page(
    request: AnyRequest, tx: Tx, key_id: int, *, secret: str = "", form: Form[EmptyForm] | None = None
) -> Page:
    row = await keys.one(tx, key_id)
    filled = form or new_form(EmptyForm)
    return render(
        request,
        "accounts/key.html",
        row=row,
        secret=secret,
        form=filled,
        ended=keys.ended(row, tx.today),
        place=(await places(tx)).name(row["division_code"]),
        entries=await timeline(tx, keys.TABLE, key_id),
        status=filled.status if filled.problems else 200,
    )


@post("/accounts/keys/{api_key_id:int}/revoke", opt=needs(P.MANAGE_KEYS), status_code=200, include_in_schema=False)
async def revoke(request: AnyRequest, api_key_id: FromPath[int]) -> Page:
    """End a key at once."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await keys.revoke(tx, api_key_id)
            return see_other(await tx.done(f"/accounts/keys/{api_key_id}"), flash="accounts.key.revoke")
    async with open_tx(request) as tx:
        return await _page(request, tx, api_key_id, form=form)


ROUTES = [listed, new, create, shown, revoke]
