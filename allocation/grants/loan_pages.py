"""Pages of loans: their interest paid, what each year's subsidy would be, and asking for it."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.grants import documents, queries, rules, service
from allocation.grants.forms import EmptyForm, InterestForm, LoanForm, SubsidyForm
from allocation.grants.listing import LOANS
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@get("/grants/loans", opt=needs(P.VIEW_GRANTS), include_in_schema=False)
async def loans(request: AnyRequest) -> Page:
    """List the loans whose interest may be subsidised."""
    actor: Actor = request.scope["state"]["actor"]
    actions = (
        [(CATALOGUE.text("grants.new_loan"), "/grants/loans/new", "primary")] if actor.may(P.PREPARE_GRANT) else []
    )
    return await LOANS.respond(request, "allocation/grants/loans.html", actions=actions)


@get("/grants/loans/new", opt=needs(P.PREPARE_GRANT), include_in_schema=False)
async def new_loan(request: AnyRequest) -> Page:
    """Start a loan."""
    async with open_tx(request) as tx:
        villages = await queries.villages(tx)
    return render(request, "allocation/grants/loan_new.html", form=new_form(LoanForm), villages=villages)


@post("/grants/loans/new", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def create_loan(request: AnyRequest) -> Page:
    """Keep a loan."""
    form = await read_form(request, LoanForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.add_loan(tx, form.value)
            return see_other(await tx.done(f"/grants/loans/{key}"), flash="allocation.loan.add")
    async with open_tx(request) as tx:
        villages = await queries.villages(tx)
    return render(request, "allocation/grants/loan_new.html", form=form, villages=villages, status=form.status)


@get("/grants/loans/{loan_id:int}", opt=needs(P.VIEW_GRANTS), include_in_schema=False)
async def loan(request: AnyRequest, loan_id: FromPath[int]) -> Page:
    """Show one loan: its interest paid, what this year's subsidy would be, step by step."""
    return await _loan(request, loan_id)


async def _loan(request: AnyRequest, key: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    forms: dict[str, Form[Any]] = {"interest": new_form(InterestForm), "ask": new_form(SubsidyForm)}
    async with open_tx(request) as tx:
        row = await queries.loan(tx, key)
        terms = queries.terms(tx, row["division_code"])
        interest = await queries.interest(tx, key)
        years = sorted({s for r in interest for s in (r["from_on"].year, r["to_on"].year)})
        asked = await queries.grants_of(tx, key)
        workings = [(await service.working(tx, row, year))[0] for year in years]
        context: dict[str, Any] = {
            "row": row,
            "terms": terms,
            "unconfirmed": queries.unconfirmed(tx, row["division_code"]),
            "interest": interest,
            "over": {
                r["id"]: rules.over_contract(queries.facts(row), queries.stretch(r), terms.day_basis) for r in interest
            },
            "workings": workings,
            "asked": {g["year"]: g for g in asked if g["stands"]},
            "accounts": [
                (p["id"], f"{p['bank_name']} ···· {p['account_tail']}")
                for p in await queries.payees(tx, row["borrower"])
            ],
            "until": rules.subsidised_until(queries.facts(row), terms.subsidy_years),
            "place": await tx.conn.fetchval(
                "SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"]
            ),
            "entries": await timeline(tx, service.LOANS, key),
        }
    if failed:
        forms[failed[0]] = failed[1]
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/grants/loan.html",
        forms=forms,
        failed=failing,
        blank=new_form(EmptyForm),
        exact=lambda f: documents.exact_yuan(str(f)),
        status=failing.status if failing else 200,
        **context,
    )


@post("/grants/loans/{loan_id:int}/interest", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def add_interest(request: AnyRequest, loan_id: FromPath[int]) -> Page:
    """Write down interest that was paid."""
    form = await read_form(request, InterestForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_interest(tx, loan_id, form.value)
            return see_other(await tx.done(f"/grants/loans/{loan_id}"), flash="allocation.loan.interest")
    return await _loan(request, loan_id, ("interest", form))


@post("/grants/loans/{loan_id:int}/ask", opt=needs(P.PREPARE_GRANT), status_code=200, include_in_schema=False)
async def ask(request: AnyRequest, loan_id: FromPath[int]) -> Page:
    """Ask for the subsidy of one year."""
    form = await read_form(request, SubsidyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.ask_subsidy(tx, loan_id, form.value.year, form.value.payee)
            return see_other(await tx.done(f"/grants/{key}"), flash="allocation.grant.subsidy")
    return await _loan(request, loan_id, ("ask", form))


ROUTES = [loans, new_loan, create_loan, loan, add_interest, ask]
