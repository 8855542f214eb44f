"""Pages of claims: the list, one project's money against work, one claim with its gates and signatures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.payments import documents, hands, holds, judging, queries, refunds, rules, service, signing
from allocation.payments.forms import ClaimForm, EmptyForm, Paper, PaperForm, PayForm, ReturnForm, SignForm
from allocation.payments.judging import TABLE
from allocation.payments.listing import CLAIMABLE, CLAIMS
from allocation.payments.rules import Kind
from allocation.payments.states import CLAIM, EDITABLE
from allocation.permissions import P
from allocation.printing import printed
from projects import public as projects
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
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

ROOM = "allocation.payments"
files.readable(TABLE, P.VIEW_CLAIMS)
STEP_FORMS: dict[str, type[msgspec.Struct]] = {
    "step": EmptyForm,
    "paper": PaperForm,
    "sign": SignForm,
    "back": ReturnForm,
    "pay": PayForm,
}


@get("/claims", opt=needs(P.VIEW_CLAIMS), include_in_schema=False, name="claims")
async def listed(request: AnyRequest) -> Page:
    """List the claims of the range."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("claims.new"), "/claims/projects", "primary")] if actor.may(P.CLAIM) else []
    beside = ("retentions", "refunds", "deputies", "scheme")
    actions += [(CATALOGUE.text(f"claims.rest.{n}"), f"/claims/{n}", "outline-primary") for n in beside]
    return await CLAIMS.respond(request, actions=actions)


@get("/claims/projects", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def claimable(request: AnyRequest) -> Page:
    """List the projects under contract, to claim for or to follow."""
    return await CLAIMABLE.respond(request, "allocation/payments/projects.html")


@get("/claims/project/{project_id:int}", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def of_project(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show one project's money against work seen, and its claims."""
    async with open_tx(request) as tx:
        context = await money_context(tx, project_id)
    return render(request, "allocation/payments/project.html", **context)


async def money_context(tx: Tx, project_id: int) -> dict[str, Any]:
    """Gather what a page needs to set a project's money beside its work."""
    project = await projects.brief(tx, project_id)
    books = await queries.books(tx, project)
    terms = queries.terms(tx, project["division_code"])
    return {
        "project": project,
        "line": await queries.money_line(tx, project_id),
        "claims": await queries.of_project(tx, project_id),
        "terms": terms,
        "books": books,
        "recovery": rules.recovery(books, terms),
        "holds": rules.holds(books),
        "overpaid": await refunds.overpaid(tx, project),
        "overpaid_days": tx.policy_for(project["division_code"]).whole(refunds.DAYS),
        "refunds": await refunds.of_project(tx, project_id),
        "small": rules.is_small(books, terms),
        "settled": books.settled_fen,
        "claimable": {
            kind.value: rules.claimable(books, terms, kind, books.settled_fen or project["contract_fen"])
            for kind in Kind
        },
        "breaches": [p for p in tx.policy_for(project["division_code"]).breaches if p.room == ROOM],
    }


@get("/claims/new", opt=needs(P.CLAIM), include_in_schema=False)
async def new(request: AnyRequest, project: FromQuery[int]) -> Page:
    """Start a claim, its payee and amount proposed."""
    async with open_tx(request) as tx:
        context = await money_context(tx, project)
        kind = _usual(context)
        form = new_form(
            ClaimForm,
            kind=kind,
            payee=context["project"]["contractor"],
            amount_fen=context["claimable"][kind.value] or None,
            measured_bp=context["line"].seen_bp if kind is Kind.PROGRESS else None,
            final_fen=context["settled"] if kind is Kind.SETTLEMENT else None,
        )
    return render(request, "allocation/payments/edit.html", form=form, row=None, **context)


def _usual(context: dict[str, Any]) -> Kind:
    """Guess the stage: settlement once accepted, progress once works are seen, else an advance."""
    if context["claimable"]["retention"]:
        return Kind.RETENTION
    if context["project"]["accepted_on"] or context["small"]:
        return Kind.SETTLEMENT
    return Kind.PROGRESS if context["claims"] or context["line"].seen_bp else Kind.ADVANCE


@post("/claims/new", opt=needs(P.CLAIM), include_in_schema=False, status_code=200)
async def create(request: AnyRequest, project: FromQuery[int]) -> Page:
    """Keep a new claim as a draft."""
    form = await read_form(request, ClaimForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            claim_id = await service.draft(tx, project, form.value)
            return see_other(await tx.done(f"/claims/{claim_id}"), flash="allocation.claim.draft")
    async with open_tx(request) as tx:
        context = await money_context(tx, project)
    return render(request, "allocation/payments/edit.html", form=form, row=None, status=form.status, **context)


@get("/claims/{claim_id:int}/edit", opt=needs(P.CLAIM), include_in_schema=False)
async def change(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Open a draft or returned claim for change."""
    async with open_tx(request) as tx:
        row = await queries.claim(tx, claim_id)
        context = await money_context(tx, row["project"])
    return render(request, "allocation/payments/edit.html", form=new_form(ClaimForm, row), row=row, **context)


@post("/claims/{claim_id:int}/edit", opt=needs(P.CLAIM), include_in_schema=False, status_code=200)
async def save(request: AnyRequest, claim_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes of a claim."""
    form = await read_form(request, ClaimForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.edit(tx, claim_id, version, form.value)
            return see_other(await tx.done(f"/claims/{claim_id}"), flash="allocation.claim.edit")
    async with open_tx(request) as tx:
        row = await queries.claim(tx, claim_id)
        context = await money_context(tx, row["project"])
    return render(request, "allocation/payments/edit.html", form=form, row=row, status=form.status, **context)


@get("/claims/{claim_id:int}", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def shown(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Show one claim: where it stands, what blocks it, who signed, what it rests on."""
    return await _show(request, claim_id)


async def _show(request: AnyRequest, claim_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    forms: dict[str, Form[Any]] = {name: new_form(struct) for name, struct in STEP_FORMS.items()}
    if failed:
        forms[failed[0]] = failed[1]
    async with open_tx(request) as tx:
        row = await queries.claim(tx, claim_id)
        context = await money_context(tx, row["project"])
        books, terms, gates = await judging.look(tx, row, context["project"])
        given = await queries.signatures(tx, claim_id)
        standing = queries.standing(given, row["attempt"])
        context |= {
            "row": row,
            "gates": gates,
            "terms": terms,
            "recovery": rules.recovery(books, terms),
            "authority": await hands.authority_of(tx, row, standing),
            "alike": await queries.alike(tx, row),
            "sights": await holds.sights_of(tx, row["project"]),
            "group_least": tx.policy_for(row["division_code"]).whole("allocation.payments.group_least"),
            "paper_kinds": [(kind, CATALOGUE.text(f"paper.{kind}")) for kind in get_args(Paper)],
            "marks": {s["step"]: s for s in given if s["attempt"] == row["attempt"] and row["state"] != "returned"},
            "next": signing.next_step(row["steps"], standing),
            "verbs": verbs_open(CLAIM, row, tx.actor),
            "papers": await files.files_of(tx, (TABLE, claim_id)),
            "needed": judging.needed_papers(tx, row),
            "payment": await queries.payment(tx, claim_id),
            "sent": await queries.sent(tx, claim_id),
            "mine": tx.actor.user_id in await queries.preparers(tx, claim_id),
            "signed_by_me": any(s.user_id == tx.actor.user_id for s in standing),
            "entries": await timeline(tx, TABLE, claim_id),
            "editable": row["state"] in EDITABLE,
        }
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/payments/claim.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failing,
        status=failing.status if failing else 200,
        **context,
    )


async def _step(request: AnyRequest, claim_id: int, name: str, struct: type[S], work: Step[S]) -> Page:
    """Take one step of a claim from a small form on its page."""
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, claim_id, form.value)
            return see_other(await tx.done(f"/claims/{claim_id}"), flash=tx.command)
    return await _show(request, claim_id, (name, form))


@post(
    "/claims/{claim_id:int}/papers",
    opt=needs(P.CLAIM),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=files.LIMIT + MIB,
)
async def add_paper(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Put a paper to a claim."""

    async def work(tx: Tx, key: int, form: PaperForm) -> None:
        await service.add_paper(tx, key, form.kind, form.file)

    return await _step(request, claim_id, "paper", PaperForm, work)


@post("/claims/{claim_id:int}/submit", opt=needs(P.CLAIM), include_in_schema=False, status_code=200)
async def submit(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Submit a claim for signatures."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.submit(tx, key)

    return await _step(request, claim_id, "step", EmptyForm, work)


@post("/claims/{claim_id:int}/sign", opt=needs(P.VIEW_CLAIMS), include_in_schema=False, status_code=200)
async def sign(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Sign the next step."""

    async def work(tx: Tx, key: int, form: SignForm) -> None:
        await service.sign(tx, key, form.opinion, form.group)

    return await _step(request, claim_id, "sign", SignForm, work)


@post("/claims/{claim_id:int}/return", opt=needs(P.SIGN), include_in_schema=False, status_code=200)
async def send_back(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Send a claim back with a reason."""

    async def work(tx: Tx, key: int, form: ReturnForm) -> None:
        await service.send_back(tx, key, form.reason)

    return await _step(request, claim_id, "back", ReturnForm, work)


@post("/claims/{claim_id:int}/cancel", opt=needs(P.CLAIM), include_in_schema=False, status_code=200)
async def cancel(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Give a claim up."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.cancel(tx, key)

    return await _step(request, claim_id, "step", EmptyForm, work)


@post("/claims/{claim_id:int}/pay", opt=needs(P.PAY), include_in_schema=False, status_code=200)
async def pay(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Record a payment made."""

    async def work(tx: Tx, key: int, form: PayForm) -> None:
        await service.pay(tx, key, form)

    return await _step(request, claim_id, "pay", PayForm, work)


@get("/claims/{claim_id:int}/form.pdf", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def paper(request: AnyRequest, claim_id: FromPath[int]) -> Page:
    """Give the claim as a printed form with places for its signatures."""
    async with open_tx(request) as tx:
        document = await documents.claim_form(tx, claim_id)
    return await printed(document, f"claim-{claim_id}")


ROUTES = [
    listed,
    claimable,
    of_project,
    new,
    create,
    change,
    save,
    shown,
    add_paper,
    submit,
    sign,
    send_back,
    cancel,
    pay,
    paper,
]
