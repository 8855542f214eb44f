"""Pages of schemes: the versions there are, a new one from the pack in force or from an earlier one, approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget.forms import EmptyForm, ReasonForm
from allocation.factor import queries, scheme_service
from allocation.factor.catalogue import known, pack_scheme
from allocation.factor.listing import SCHEMES
from allocation.factor.scheme import Form as FactorForm
from allocation.factor.scheme import Kind, Part
from allocation.factor.scheme_build import rows_of
from allocation.factor.scheme_diff import differences
from allocation.factor.scheme_forms import SchemeForm, SignSchemeForm
from allocation.factor.states import SCHEME
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor, code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import Mode
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Work: TypeAlias = Callable[[Tx, S], Awaitable[object]]


def _options(prefix: str, values: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an enum
    return [(v.value, CATALOGUE.text(f"{prefix}.{v.value}")) for v in values]


@get("/factor/schemes", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def schemes(request: AnyRequest) -> Page:
    """List the versions of schemes: one's own, and the approved ones from above."""
    actor: Actor = request.scope["state"]["actor"]
    lo, hi = code_range(actor.division_code) if actor.division_code else ("", "~")
    base = ("s.state IN ('approved', 'superseded') OR (s.division_code >= {} AND s.division_code < {})", [lo, hi])
    may = actor.may(P.PREPARE_FACTOR)
    return await SCHEMES.respond(request, "allocation/factor/schemes.html", base=base, may=may)


@get("/factor/schemes/{scheme_id:int}", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Show one version: factors, bounds, rounding, who approved it, what can be done next."""
    return await _one(request, scheme_id, new_form(EmptyForm))


async def _one(request: AnyRequest, scheme_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.scheme(tx, scheme_id)
        own = queries.is_house(tx, row["division_code"])
        names = {u.code: u.name for u in await queries.units(tx, row["division_code"])}
        made, before = queries.opened(row["body"]), await queries.version_before(tx, row)
        facts: dict[str, Any] = {
            "row": row,
            "scheme": made,
            "before": before,
            "changes": differences(queries.opened(before["body"]), made, names) if before else [],
            "units": names,
            "verbs": verbs_open(SCHEME, row, tx.actor) if own else [],
            "made_it": row["created_by"] is not None and row["created_by"] == tx.actor.user_id,
            "runs": await queries.runs_of_scheme(tx, scheme_id),
            "entries": await timeline(tx, scheme_service.TABLE, scheme_id),
            "may": tx.actor.may(P.PREPARE_FACTOR),
        }
    status = form.status if form.problems else 200
    return render(
        request,
        "allocation/factor/scheme.html",
        form=form,
        sign=form if form.struct is SignSchemeForm else new_form(SignSchemeForm),
        back=form if form.struct is ReasonForm else new_form(ReasonForm),
        status=status,
        **facts,
    )


@post("/factor/schemes/{scheme_id:int}/approve", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def approve_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Approve a version for use."""
    return await _act(
        request, scheme_id, SignSchemeForm, lambda tx, f: scheme_service.approve_scheme(tx, scheme_id, f.doc_no)
    )


@post("/factor/schemes/{scheme_id:int}/discard", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def discard_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Put a drafted version aside."""
    return await _act(
        request, scheme_id, ReasonForm, lambda tx, f: scheme_service.discard_scheme(tx, scheme_id, f.reason)
    )


@post("/factor/schemes/{scheme_id:int}/refuse", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def refuse_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Refuse a drafted version."""
    return await _act(
        request, scheme_id, ReasonForm, lambda tx, f: scheme_service.refuse_scheme(tx, scheme_id, f.reason)
    )


@post("/factor/schemes/{scheme_id:int}/retire", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def retire_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """End the use of a version."""
    return await _act(
        request, scheme_id, ReasonForm, lambda tx, f: scheme_service.retire_scheme(tx, scheme_id, f.reason)
    )


async def _act(request: AnyRequest, scheme_id: int, struct: type[S], work: Work[S]) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/factor/schemes/{scheme_id}"), flash=tx.command)
    return await _one(request, scheme_id, form)


@get("/factor/schemes/new", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def new_scheme(request: AnyRequest, like: FromQuery[int] = 0) -> Page:
    """Start a scheme from the pack in force, or from an earlier version."""
    async with open_tx(request) as tx:
        made = pack_scheme(tx.policy) if not like else queries.opened((await queries.scheme(tx, like))["body"])
    return await _scheme_page(request, new_form(SchemeForm, like=like, **rows_of(made)))


async def _scheme_page(request: AnyRequest, form: Form[SchemeForm]) -> Page:
    async with open_tx(request) as tx:
        pack = {k.factor.key: k for k in known(tx.policy)}
        units = await queries.units(tx, tx.actor.division_code)
    residuals = [(r, CATALOGUE.text(f"residual.{r}")) for r in ("largest_remainder", "largest")]
    factors = form.rows("factors")
    titles = [(key, form.text(f"factors.{n}.title")) for n in range(factors) if (key := form.text(f"factors.{n}.key"))]
    return render(
        request,
        "allocation/factor/scheme_edit.html",
        form=form,
        pack=pack,
        titles=titles,
        rows={"factors": factors + 2, "fixed": form.rows("fixed") + 2, "bounds": form.rows("bounds") + 2},
        parts=_options("part", Part),
        forms=_options("form", FactorForm),
        kinds=_options("bound", Kind),
        modes=_options("mode", Mode),
        units=[(u.code, u.name) for u in units],
        residuals=residuals + [(u.code, u.name) for u in units],
        status=form.status if form.problems else 200,
    )


@post("/factor/schemes/new", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def save_scheme(request: AnyRequest) -> Page:
    """Keep a new version of a scheme."""
    form = await read_form(request, SchemeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            scheme_id = await scheme_service.save_scheme(tx, form.value)
            return see_other(await tx.done(f"/factor/schemes/{scheme_id}"), flash="allocation.factor.scheme")
    return await _scheme_page(request, form)


ROUTES = [
    schemes, new_scheme, save_scheme, scheme, approve_scheme, discard_scheme, refuse_scheme, retire_scheme,
]  # fmt: skip
