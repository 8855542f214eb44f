"""Signing in and out, one's own account, the choice of post; people, posts and engagements of a county."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Response

from quzhou_migrants.accounts import parked, queries, service, sessions
from quzhou_migrants.accounts.forms import (
    DateForm,
    EmptyForm,
    IdentityForm,
    PasswordForm,
    PersonForm,
    PostForm,
    SignInForm,
)
from quzhou_migrants.accounts.passwords import hash_password, matches, weaknesses
from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.accounts.roles import below
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.clock import system_now
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.guards import needs, own_account, public, signed_in
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.address import address_of
from quzhou_migrants.web.forms import new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
REACH_YEARS = 10  # how far a demonstration may look back or ahead


def _cookie(request: AnyRequest, token: str, *, age: int | None = None) -> Cookie:
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    return Cookie(sessions.COOKIE, value=token, max_age=age, httponly=True, secure=secure, samesite="lax")


def _inside(path: str) -> str:
    """Only ways inside this house; anything else leads home."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\", "/sign-")) else "/home"


def _actor(request: AnyRequest) -> Actor:
    actor: Actor = request.scope["state"]["actor"]
    return actor


@get("/sign-in", opt=public(), name="sign_in")
async def sign_in_page(request: AnyRequest) -> Page:
    """Show the sign-in form."""
    if request.scope["state"].get("actor"):
        return see_other(_inside(request.query_params.get("next", "/home")))
    form = new_form(
        SignInForm,
        next=_inside(request.query_params.get("next", "/home")),
        parked=request.query_params.get("parked", "")[:64],
    )
    return render(request, "accounts/sign_in.html", form=form)


@post("/sign-in", opt=public(), status_code=200)
async def sign_in(request: AnyRequest) -> Page:
    """Check the password; rotate the session; go on where the visitor wanted to go."""
    form = await read_form(request, SignInForm)
    if form.ok:
        async with form.refusals():
            given = form.value
            address = address_of(request)
            old = request.scope["state"].get("actor")
            token = await sessions.sign_in(
                given.login.strip().lower(),
                given.password,
                address=address,
                agent=request.headers.get("user-agent", ""),
            )
            if old:
                await sessions.sign_out(old)
            answer = see_other(f"/resume/{given.parked}" if given.parked else _inside(given.next))
            answer.cookies.append(_cookie(request, token))
            return answer
    form.raw["password"] = [""]
    return render(request, "accounts/sign_in.html", form=form, status=form.status)


@get("/resume/{token:str}", opt=signed_in())
async def resume(request: AnyRequest, token: FromPath[str]) -> Page:
    """Give back the form that was sent after the session had ended, ready to be sent with one button."""
    found = None
    if request.cookies.get(parked.COOKIE) == token:  # given to the browser that sent the form
        found = await parked.fetch(token, _actor(request).user_id)
    if found is None:
        return see_other("/home", flash="ACC-132")
    path, fields = found
    return render(request, "accounts/resume.html", path=path, fields=fields)


@post("/sign-out", opt=own_account(), status_code=200)
async def sign_out(request: AnyRequest) -> Page:
    """End this session."""
    await sessions.sign_out(_actor(request))
    answer = see_other("/sign-in", flash="accounts.signed_out")
    answer.cookies.append(_cookie(request, "", age=0))
    return answer


@post("/account/sign-out-everywhere", opt=own_account(), status_code=200)
async def sign_out_everywhere(request: AnyRequest) -> Page:
    """End every session of the person, this one included."""
    await sessions.sign_out(_actor(request), everywhere=True)
    answer = see_other("/sign-in", flash="accounts.signed_out")
    answer.cookies.append(_cookie(request, "", age=0))
    return answer


@get("/account", opt=own_account())
async def account(request: AnyRequest) -> Page:
    """Show one's own posts, the password form and the way out everywhere."""
    return await _account(request, new_form(PasswordForm))


async def _account(request: AnyRequest, form: Any, status: int = 200) -> Page:  # noqa: ANN401 - the form of either handler
    actor = _actor(request)
    return render(
        request,
        "accounts/account.html",
        form=form,
        status=status,
        actor=actor,
        identities=await sessions.identities(actor.user_id or 0),
    )


@post("/account/post", opt=signed_in(), status_code=200)
async def choose(request: AnyRequest) -> Page:
    """Act in another of one's posts."""
    form = await read_form(request, IdentityForm)
    await sessions.choose(_actor(request), form.value.post_id, form.value.engagement_id or None)
    return see_other("/home")


@post("/account/password", opt=own_account(), status_code=200)
async def change_password(request: AnyRequest) -> Page:
    """Change one's own password; every other session ends."""
    form = await read_form(request, PasswordForm)
    actor = _actor(request)
    if form.ok:
        async with form.refusals():
            await _set_password(actor, form.value)
            await sessions.sign_out(actor, everywhere=True)
            token = await sessions.open_session(actor.user_id or 0, request.headers.get("user-agent", ""))
            answer = see_other("/home", flash="accounts.password_changed")
            answer.cookies.append(_cookie(request, token))
            return answer
    form.raw = {}
    return await _account(request, form, form.status)


async def _set_password(actor: Actor, given: PasswordForm) -> None:
    pool, key = sessions.pool(), f"user:{actor.user_id}"
    await sessions.try_once(key)
    stored = await pool.fetchval("SELECT accounts_password_hash($1)", actor.user_id)
    if not await matches(stored, given.old):
        raise Refused("ACC-105", field="old")
    await sessions.forget_tries(key)
    problems = weaknesses(given.password, await pool.fetchval("SELECT accounts_login($1)", actor.user_id))
    if given.password != given.again:
        problems.append(Problem("ACC-106", "again"))
    if given.password == given.old:
        problems.append(Problem("ACC-107", "password"))
    if problems:
        raise Invalid(problems)
    await pool.execute("SELECT accounts_set_password($1, $2)", actor.user_id, await hash_password(given.password))


@get("/accounts", opt=needs(P.MANAGE_PEOPLE))
async def people(request: AnyRequest) -> Page:
    """List the people of one's range."""
    return await queries.PEOPLE.respond(request, "accounts/people.html")


@get("/accounts/new", opt=needs(P.MANAGE_PEOPLE))
async def new_person(request: AnyRequest) -> Page:
    """Show the form of a new person."""
    return await _new_person(request, new_form(PersonForm))


async def _new_person(request: AnyRequest, form: Any, status: int = 200) -> Page:  # noqa: ANN401 - the form of either handler
    async with open_tx(request) as tx:
        orgs = await queries.orgs(tx)
        roles = below(service.level_of(tx.actor.division_code))
    return render(request, "accounts/new_person.html", form=form, orgs=orgs, roles=roles, status=status)


@post("/accounts/new", opt=needs(P.MANAGE_PEOPLE), status_code=200)
async def create_person(request: AnyRequest) -> Page:
    """Create the account and show its first password once."""
    form = await read_form(request, PersonForm)
    if form.ok:
        given = form.value
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await service.create_person(
                tx, org_id=given.org_id, name=given.name, login=given.login.lower(), role=given.role, phone=given.phone
            )
            await tx.done(f"/accounts/{made.user_id}")
            return await _person_page(request, tx, made.user_id, password=made.password)
    return await _new_person(request, form, form.status)


@get("/accounts/{user_id:int}", opt=needs(P.MANAGE_PEOPLE))
async def person(request: AnyRequest, user_id: FromPath[int]) -> Page:
    """Show one person: posts, engagements, what was done to the account."""
    async with open_tx(request) as tx:
        return await _person_page(request, tx, user_id)


async def _person_page(  # noqa: PLR0913 - what the page may carry
    request: AnyRequest,
    tx: Tx,
    user_id: int,
    *,
    password: str = "",
    form: Any = None,  # noqa: ANN401 - the form of either handler
    status: int = 200,
) -> Page:
    user = await service.person(tx, user_id)
    return render(
        request,
        "accounts/person.html",
        user=user,
        password=password,
        status=status,
        posts=await queries.posts(tx, user_id),
        engagements=await queries.engagements(tx, user_id),
        orgs=await queries.orgs(tx),
        roles=below(service.level_of(tx.actor.division_code)),
        form=form or new_form(PostForm),
        entries=await timeline(tx, "accounts_user", user_id),
    )


@post("/accounts/{user_id:int}/posts", opt=needs(P.MANAGE_PEOPLE), status_code=200)
async def add_post(request: AnyRequest, user_id: FromPath[int]) -> Page:
    """Add a post."""
    form = await read_form(request, PostForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_post(tx, user_id, form.value.org_id, form.value.role)
            return see_other(await tx.done(f"/accounts/{user_id}"), flash="accounts.saved")
    async with open_tx(request) as tx:
        return await _person_page(request, tx, user_id, form=form, status=form.status)


@post("/accounts/posts/{post_id:int}/end", opt=needs(P.MANAGE_PEOPLE), status_code=200)
async def end_post(request: AnyRequest, post_id: FromPath[int]) -> Page:
    """End a post."""
    form = await read_form(request, EmptyForm)
    async with open_tx(request, once=form.once) as tx:
        user_id = await service.end_post(tx, post_id)
        return see_other(await tx.done(f"/accounts/{user_id}"), flash="accounts.saved")


@post("/accounts/{user_id:int}/reset", opt=needs(P.MANAGE_PEOPLE), status_code=200)
async def reset(request: AnyRequest, user_id: FromPath[int]) -> Page:
    """Set a new first password and show it once."""
    async with open_tx(request) as tx:
        password = await service.reset_password(tx, user_id)
        return await _person_page(request, tx, user_id, password=password)


@post("/accounts/{user_id:int}/{verb:str}", opt=needs(P.MANAGE_PEOPLE), status_code=200)
async def switch(request: AnyRequest, user_id: FromPath[int], verb: FromPath[str]) -> Page:
    """Disable or enable an account."""
    if verb not in {"disable", "enable"}:
        raise Refused("KRN-404")
    form = await read_form(request, EmptyForm)
    async with open_tx(request, once=form.once) as tx:
        await service.set_active(tx, user_id, active=verb == "enable")
        return see_other(await tx.done(f"/accounts/{user_id}"), flash="accounts.saved")


@get("/accounts/trail", opt=needs(P.VIEW_TRAIL))
async def trail(request: AnyRequest) -> Page:
    """Show the journal of one's range, the chain's head and the refusals."""
    async with open_tx(request) as tx:
        chain, checkpoints = await queries.chain(tx), await queries.checkpoints(tx)
    return await queries.TRAIL.respond(request, "accounts/trail.html", chain=chain, checkpoints=checkpoints)


@post("/demo/date", opt=signed_in(), status_code=200)
async def move_date(request: AnyRequest) -> Page:
    """Move the demonstration's business date; only demonstration accounts, only where a demonstration was loaded."""
    form = await read_form(request, DateForm)
    if form.ok:
        async with form.refusals(), open_tx(request) as tx:
            if not tx.actor.is_demo:
                raise Refused("ACC-131")
            await set_business_date(tx, form.value)
            return see_other("/home")
    slip = form.problems[0]
    return see_other("/home", flash=slip.code, **slip.facts)


async def set_business_date(tx: Tx, given: DateForm) -> None:
    """Shift the business clock so that today is the given day, at the present time of day.

    Raises: Refused ACC-131; ACC-136 for a day so far off that no rule and no term could be reckoned on it.
    """
    if abs(given.day.year - system_now().year) > REACH_YEARS:
        raise Refused("ACC-136", field="day", most=REACH_YEARS)
    await tx.enter("accounts.demo.move_date")
    moved = await tx.conn.execute(
        "UPDATE kernel_setting SET value = jsonb_build_object('shift_seconds',"
        " extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai')) * -1"
        " + extract(epoch FROM $1::timestamp)) WHERE key = 'business_clock'",
        given.day,
    )
    if moved != "UPDATE 1":
        raise Refused("ACC-131")


ROUTES = [
    sign_in_page,
    sign_in,
    resume,
    sign_out,
    sign_out_everywhere,
    account,
    choose,
    change_password,
    people,
    new_person,
    create_person,
    person,
    add_post,
    end_post,
    reset,
    switch,
    trail,
    move_date,
]
