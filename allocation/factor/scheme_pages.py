"""Pages of schemes: the versions there are, a new one from the pack in force or from an earlier one."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Response

from allocation.factor import queries, service
from allocation.factor.catalogue import default_scheme, known
from allocation.factor.forms import SchemeForm, WeightRow
from allocation.factor.scheme import Form as FactorForm
from allocation.factor.scheme import Part
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.money import Mode
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


def _options(prefix: str, values: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an enum
    return [(v.value, CATALOGUE.text(f"{prefix}.{v.value}")) for v in values]


@get("/factor/schemes", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def schemes(request: AnyRequest) -> Page:
    """List the versions of schemes."""
    async with open_tx(request) as tx:
        rows = [{**r, "scheme": queries.opened(r["body"])} for r in await queries.schemes(tx)]
    return render(request, "allocation/factor/schemes.html", rows=rows)


@get("/factor/schemes/new", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def new_scheme(request: AnyRequest, like: FromQuery[int] = 0) -> Page:
    """Start a scheme from the pack in force, or from an earlier version."""
    async with open_tx(request) as tx:
        made = default_scheme(tx.policy, "") if not like else queries.opened((await queries.scheme(tx, like))["body"])
    rows = [WeightRow(f.key, f.part, f.form, f.weight_bp) for f in made.factors]
    form = new_form(
        SchemeForm,
        title=made.title,
        base_bp=made.base_bp,
        performance_bp=made.performance_bp,
        factors=rows,
        mode=made.rounding.mode,
        unit_fen=made.rounding.unit_fen,
        residual=made.rounding.residual,
    )
    return await _scheme_page(request, form)


async def _scheme_page(request: AnyRequest, form: Form[SchemeForm]) -> Page:
    async with open_tx(request) as tx:
        factors = known(tx.policy)
        units = await queries.units(tx, tx.actor.division_code)
    residuals = [(r, CATALOGUE.text(f"residual.{r}")) for r in ("largest_remainder", "largest")]
    return render(
        request,
        "allocation/factor/scheme_edit.html",
        form=form,
        factors=factors,
        parts=_options("part", Part),
        forms=_options("form", FactorForm),
        modes=_options("mode", Mode),
        residuals=residuals + [(u.code, u.name) for u in units],
        status=form.status if form.problems else 200,
    )


@post("/factor/schemes/new", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def save_scheme(request: AnyRequest) -> Page:
    """Keep a new version of a scheme."""
    form = await read_form(request, SchemeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.save_scheme(tx, form.value)
            return see_other(await tx.done("/factor/schemes"), flash="allocation.factor.scheme")
    return await _scheme_page(request, form)


ROUTES = [schemes, new_scheme, save_scheme]
