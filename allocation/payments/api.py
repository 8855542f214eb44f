"""The claims of /api/v1: the same commands as behind the pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import Body, FromPath

from allocation.payments import deputies, judging, queries, rules, service
from allocation.payments.forms import ClaimBody, ClaimForm, DeputyForm, PayForm, ReturnForm, SignForm
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import AlreadyDone, Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class GateOut(msgspec.Struct):
    """One gate as a program sees it. Units: fen."""

    name: str
    is_open: bool
    code: str
    ceiling_fen: int | None


class RecoveryOut(msgspec.Struct):
    """How a project's advance is worked off by works seen. Units: fen."""

    advance_fen: int
    worked_off_fen: int
    left_fen: int


class ClaimOut(msgspec.Struct):
    """One claim. Units: fen, basis points; `seal` is the SHA-256 of what was submitted, "" before."""

    id: int
    project: int
    kind: str
    amount_fen: int
    payee: str
    invoice_code: str
    invoice_number: str
    invoice_tax_fen: int | None
    wages_fen: int | None
    measured_bp: int | None
    guarantee: str
    seal: str
    state: str
    version: int
    steps: list[str]
    signed: int
    gates: list[GateOut]
    recovery: RecoveryOut


class DeputyOut(msgspec.Struct):
    """One authority to sign for somebody. Units: fen."""

    id: int
    principal: str
    role: str
    deputy: str
    starts_on: date
    ends_on: date
    limit_fen: int | None
    doc_no: str
    state: str


class MoneyOut(msgspec.Struct):
    """A project's money against work seen. Units: fen, basis points."""

    award_fen: int
    contract_fen: int
    claimed_fen: int
    paid_fen: int
    retained_fen: int
    progress_bp: int


async def _out(tx: Tx, claim_id: int) -> ClaimOut:
    row = await queries.claim(tx, claim_id)
    books, terms, gates = await judging.look(tx, row, await projects.brief(tx, row["project"]))
    recovery = rules.recovery(books, terms)
    standing = queries.standing(await queries.signatures(tx, claim_id), row["attempt"])
    derived = {"signed", "gates", "recovery"}
    return ClaimOut(
        **{n: row[n] for n in ClaimOut.__struct_fields__ if n not in {*derived, "steps"}},
        steps=row["steps"],
        signed=len(standing),
        gates=[GateOut(g.name, g.is_open, g.code, g.ceiling_fen) for g in gates],
        recovery=RecoveryOut(recovery.advance_fen, recovery.worked_off_fen, recovery.left_fen),
    )


@get("/api/v1/claims/{claim_id:int}", opt=needs(P.VIEW_CLAIMS), tags=["claims"])
async def read_claim(request: AnyRequest, claim_id: FromPath[int]) -> ClaimOut:
    """Give one claim with its gates as they stand now."""
    async with open_tx(request) as tx:
        return await _out(tx, claim_id)


@get("/api/v1/projects/{project_id:int}/money", opt=needs(P.VIEW_CLAIMS), tags=["claims"])
async def read_money(request: AnyRequest, project_id: FromPath[int]) -> MoneyOut:
    """Give a project's money against work seen."""
    async with open_tx(request) as tx:
        line = await queries.money_line(tx, project_id)
    return MoneyOut(line.award, line.contract, line.claimed, line.paid, line.retained, line.seen_bp)


@post("/api/v1/claims", opt=needs(P.CLAIM), tags=["claims"])
async def create_claim(request: AnyRequest, data: Annotated[ClaimBody, Body()]) -> ClaimOut:
    """Prepare a claim; the same `once` gives the same claim again."""
    values = {k: v for k, v in msgspec.structs.asdict(data).items() if k not in {"once", "project"}}
    try:
        async with open_tx(request, once=data.once) as tx:
            claim_id = await service.draft(tx, data.project, ClaimForm(**values))
            await tx.done(str(claim_id))
            return await _out(tx, claim_id)
    except AlreadyDone as done:
        async with open_tx(request) as tx:
            return await _out(tx, int(done.location))


@post("/api/v1/claims/{claim_id:int}/submit", opt=needs(P.CLAIM), status_code=200, tags=["claims"])
async def submit_claim(request: AnyRequest, claim_id: FromPath[int]) -> ClaimOut:
    """Submit a claim for signatures."""
    async with open_tx(request) as tx:
        await service.submit(tx, claim_id)
        return await _out(tx, claim_id)


@post("/api/v1/claims/{claim_id:int}/sign", opt=needs(P.VIEW_CLAIMS), status_code=200, tags=["claims"])
async def sign_claim(request: AnyRequest, claim_id: FromPath[int], data: Annotated[SignForm, Body()]) -> ClaimOut:
    """Sign the next step, in one's own role or by a dated authority."""
    async with open_tx(request) as tx:
        await service.sign(tx, claim_id, data.opinion, data.group)
        return await _out(tx, claim_id)


@post("/api/v1/claims/{claim_id:int}/pay", opt=needs(P.PAY), status_code=200, tags=["claims"])
async def pay_claim(request: AnyRequest, claim_id: FromPath[int], data: Annotated[PayForm, Body()]) -> ClaimOut:
    """Record a payment made."""
    async with open_tx(request) as tx:
        await service.pay(tx, claim_id, data)
        return await _out(tx, claim_id)


async def _deputy(tx: Tx, deputy_id: int) -> DeputyOut:
    row = await deputies.find(tx, deputy_id)
    same = ("id", "role", "starts_on", "ends_on", "limit_fen", "doc_no", "state")
    names = {"principal": row["principal_name"], "deputy": row["deputy_name"]}
    return DeputyOut(**{n: row[n] for n in same}, **names)


@get("/api/v1/claims/deputies/{deputy_id:int}", opt=needs(P.VIEW_CLAIMS), tags=["claims"])
async def read_deputy(request: AnyRequest, deputy_id: FromPath[int]) -> DeputyOut:
    """Give one authority to sign for somebody."""
    async with open_tx(request) as tx:
        return await _deputy(tx, deputy_id)


@post("/api/v1/claims/deputies", opt=needs(P.SIGN), tags=["claims"])
async def create_deputy(request: AnyRequest, data: Annotated[DeputyForm, Body()]) -> DeputyOut:
    """Name who signs in one's place, from a day to a day."""
    async with open_tx(request) as tx:
        return await _deputy(tx, await deputies.name_deputy(tx, data))


@post("/api/v1/claims/deputies/{deputy_id:int}/revoke", opt=needs(P.SIGN), status_code=200, tags=["claims"])
async def revoke_deputy(
    request: AnyRequest, deputy_id: FromPath[int], data: Annotated[ReturnForm, Body()]
) -> DeputyOut:
    """Take an authority back before its last day."""
    async with open_tx(request) as tx:
        await deputies.revoke(tx, deputy_id, data.reason)
        return await _deputy(tx, deputy_id)


ROUTES = [
    read_claim,
    read_money,
    create_claim,
    submit_claim,
    sign_claim,
    pay_claim,
    read_deputy,
    create_deputy,
    revoke_deputy,
]
