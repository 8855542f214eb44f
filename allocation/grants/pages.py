"""Pages of grants: rewards and subsidies, with their papers, checks and approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.grants import documents, queries, recalling, service
from allocation.grants.forms import (
    CheckForm,
    EmptyForm,
    GrantForm,
    PaperForm,
    PayeeForm,
    ReasonForm,
    RecallForm,
)
from allocation.grants.listing import GRANTS
from allocation.grants.states import EDITABLE, GRANT
from allocation.payments import refunds
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import MIB
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Step = Callable[[Tx, int, S], Awaitable[object]]

files.readable(service.GRANTS, P.VIEW_GRANTS)
STEP_FORMS: dict[str, type[msgspec.Struct]] = {
    "step": EmptyForm,
    "paper": PaperForm,
    "check": CheckForm,
    "back": ReasonForm,
    "payee": PayeeForm,
    "withdraw": ReasonForm,
    "recall": RecallForm,
    "uphold": ReasonForm,
}


@get("/grants", opt=needs(P.VIEW_GRANTS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the grants of the range."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("grants.loans"), "/grants/loans", "outline-secondary")]
    if actor.may(P.PREPARE_GRANT):
        actions.append((CATALOGUE.text("grants.new"), "/grants/new", "primary"))
    return await GRANTS.respond(request, "allocation/grants/grants.html", actions=actions)


async def _choices(tx: Tx) -> dict[str, Any]:
    payees = await queries.payees(tx)
    return {
        "villages": await queries.villages(tx),
        "payees": [(p["id"], f"{p['name']} {p['bank_name']} ···· {p['account_tail']}") for p in payees],
        "rewards": tx.policy.param("allocation.grants.rewards"),
    }


@get("/grants/new", opt=needs(P.PREPARE_GRANT), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a reward."""
    async with open_tx(request) as tx:
        form = new_form(GrantForm, year=tx.today.year)
        context = await _choices(tx)
    return render(request, "allocation/grants/edit.html", form=form, row=None, **context)


@post("/grants/new", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def create(request: AnyRequest) -> Page:
    """Keep a reward as a draft."""
    form = await read_form(request, GrantForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.draft(tx, form.value)
            return see_other(await tx.done(f"/grants/{key}"), flash="allocation.grant.draft")
    async with open_tx(request) as tx:
        context = await _choices(tx)
    return render(request, "allocation/grants/edit.html", form=form, row=None, status=form.status, **context)


@get("/grants/{grant_id:int}/edit", opt=needs(P.PREPARE_GRANT), include_in_schema=False)
async def change(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Open a reward for change."""
    async with open_tx(request) as tx:
        row = await queries.grant(tx, grant_id)
        if row["kind"] == "interest":
            raise Refused("KRN-404")
        context = await _choices(tx)
    form = new_form(GrantForm, row, place=row["division_code"])
    return render(request, "allocation/grants/edit.html", form=form, row=row, **context)


@post("/grants/{grant_id:int}/edit", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def save(request: AnyRequest, grant_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes of a reward."""
    form = await read_form(request, GrantForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.draft(tx, form.value, grant_id=grant_id, version=version)
            return see_other(await tx.done(f"/grants/{grant_id}"), flash="allocation.grant.draft")
    async with open_tx(request) as tx:
        row, context = await queries.grant(tx, grant_id), await _choices(tx)
    return render(request, "allocation/grants/edit.html", form=form, row=row, status=form.status, **context)


@get("/grants/{grant_id:int}", opt=needs(P.VIEW_GRANTS), include_in_schema=False)
async def shown(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Show one grant with its papers, its check and its working."""
    return await show(request, grant_id)


async def show(request: AnyRequest, key: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    """Show one grant; `failed` names the small form that was refused, and brings it back as it was typed."""
    forms: dict[str, Form[Any]] = {name: new_form(struct) for name, struct in STEP_FORMS.items()}
    if failed:
        forms[failed[0]] = failed[1]
    async with open_tx(request) as tx:
        row = await queries.grant(tx, key)
        needed = tx.policy_for(row["division_code"]).get("allocation.grants.papers")
        context: dict[str, Any] = {
            "row": row,
            "verbs": verbs_open(GRANT, row, tx.actor),
            "mine": tx.actor.user_id in {row["checked_by"], *await queries.hands(tx, key)},
            "papers": await files.files_of(tx, (service.GRANTS, key)),
            "needed": needed["interest" if row["kind"] == "interest" else "reward"],
            "editable": row["state"] in EDITABLE,
            "accounts": [
                (p["id"], f"{p['bank_name']} ···· {p['account_tail']}")
                for p in await queries.payees(tx, row["recipient"])
            ],
            "place": await tx.conn.fetchval(
                "SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"]
            ),
            "entries": await timeline(tx, service.GRANTS, key),
            "letters": await refunds.of_grant(tx, key),
            "over": (await recalling.subject(tx, key)).over,
        }
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/grants/grant.html",
        forms=forms,
        failed=failing,
        blank=new_form(EmptyForm),
        exact=documents.exact_yuan,
        status=failing.status if failing else 200,
        **context,
    )


async def step(request: AnyRequest, key: int, name: str, struct: type[S], work: Step[S]) -> Page:
    """Take one step of a grant from a small form on its page."""
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, key, form.value)
            return see_other(await tx.done(f"/grants/{key}"), flash=tx.command)
    return await show(request, key, (name, form))


@post(
    "/grants/{grant_id:int}/papers",
    opt=needs(P.PREPARE_GRANT),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=files.LIMIT + MIB,
)
async def add_paper(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Put a paper to a grant."""

    async def work(tx: Tx, key: int, form: PaperForm) -> None:
        await service.add_paper(tx, key, form.kind, form.file)

    return await step(request, grant_id, "paper", PaperForm, work)


@post("/grants/{grant_id:int}/submit", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def submit(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Hand a grant to whoever checks it."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.submit(tx, key)

    return await step(request, grant_id, "step", EmptyForm, work)


@post("/grants/{grant_id:int}/cancel", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def cancel(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Give a grant up."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.cancel(tx, key)

    return await step(request, grant_id, "step", EmptyForm, work)


@post("/grants/{grant_id:int}/check", opt=needs(P.CHECK_GRANT), status_code=200, include_in_schema=False)
async def check(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Say that the result was seen."""

    async def work(tx: Tx, key: int, form: CheckForm) -> None:
        await service.check(tx, key, form.checked_on, form.note)

    return await step(request, grant_id, "check", CheckForm, work)


@post("/grants/{grant_id:int}/return", opt=needs(P.CHECK_GRANT), status_code=200, include_in_schema=False)
async def send_back(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Send a grant back."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await service.send_back(tx, key, form.reason)

    return await step(request, grant_id, "back", ReasonForm, work)


@post("/grants/{grant_id:int}/reject", opt=needs(P.CHECK_GRANT), status_code=200, include_in_schema=False)
async def reject(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Refuse a grant."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await service.reject(tx, key, form.reason)

    return await step(request, grant_id, "back", ReasonForm, work)


@post("/grants/{grant_id:int}/send-back", opt=needs(P.APPROVE_GRANT), status_code=200, include_in_schema=False)
async def leader_back(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Send a checked grant back."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await service.leader_back(tx, key, form.reason)

    return await step(request, grant_id, "back", ReasonForm, work)


@post("/grants/{grant_id:int}/approve", opt=needs(P.APPROVE_GRANT), status_code=200, include_in_schema=False)
async def approve(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Approve a grant."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.approve(tx, key)

    return await step(request, grant_id, "step", EmptyForm, work)


@post("/grants/{grant_id:int}/payee", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def payee(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Name the account a grant goes to."""

    async def work(tx: Tx, key: int, form: PayeeForm) -> None:
        await service.set_payee(tx, key, form.payee)

    return await step(request, grant_id, "payee", PayeeForm, work)


@get("/grants/{grant_id:int}/form.pdf", opt=needs(P.VIEW_GRANTS), include_in_schema=False)
async def paper(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Give a grant as a printed form."""
    async with open_tx(request) as tx:
        document = await documents.form(tx, grant_id)
    return await printed(document, f"grant-{grant_id}")


ROUTES = [
    listed,
    new,
    create,
    change,
    save,
    shown,
    add_paper,
    submit,
    cancel,
    check,
    send_back,
    reject,
    leader_back,
    approve,
    payee,
    paper,
]
