"""What would change with other rules: a page to look at, from which nothing can be chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.competitive import queries
from allocation.competitive.alternatives import Alternative, Judged, Place, Rules, compare, variants
from allocation.competitive.decisions import cut_of
from allocation.competitive.forms import LookForm
from allocation.competitive.rules import CutRule, written
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Row = dict[str, Any]
OWN = "own"
CHARTED = 20


async def judged(tx: Tx, row: Row) -> tuple[list[Row], list[Judged], Rules]:
    """Give the candidates, their scores by seat and the published rules. Raises: Refused ALC-382, sealed."""
    if row["state"] in queries.SEALED or row["state"] == "cancelled":
        raise Refused("ALC-382")
    seats = {e["id"]: e["seat"] for e in await queries.experts(tx, row["id"])}
    given = await queries.scores(tx, row)
    rows = await queries.candidates(tx, row["id"])
    found = [
        Judged(
            c["code"],
            c["asked_fen"],
            {seats[expert]: points for expert, points in given.get(c["id"], {}).items()},
            c["vetoed"],
        )
        for c in rows
    ]
    return rows, found, Rules(row["terms"].trim_from, cut_of(row))


def title_of(key: str) -> str:
    """Name an alternative."""
    if key.startswith("out_"):
        return CATALOGUE.text("alternative.out").format(seat=key.removeprefix("out_"))
    return CATALOGUE.text(f"alternative.{key}")


async def alternatives(
    tx: Tx, row: Row, own: Rules | None = None
) -> tuple[list[Row], dict[str, Place], list[Alternative]]:
    """Set every alternative beside the official result. Shape: (candidates, official places, alternatives)."""
    rows, found, official = await judged(tx, row)
    criteria = queries.for_rules(await queries.criteria(tx, row["id"]))
    seats = {seat for r in found for seat in r.scores}
    others = variants(official, sorted(seats))
    if own:
        others = {OWN: own, **others}
    base, made = compare(found, criteria, official, others)
    return rows, base, made


async def _look(request: AnyRequest, round_id: int, form: Form[LookForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        own = _own(form.value, row) if form and form.ok else None
        rows, base, made = await alternatives(tx, row, own)
    wanted = OWN if own else request.query_params.get("show", "")
    shown = next((a for a in made if a.key == wanted), made[0])
    terms = row["terms"]
    typed = form or new_form(
        LookForm,
        trim_from=terms.trim_from,
        cut_rule=row["cut_rule"],
        pass_mark=terms.pass_mark,
        budget_fen=row["budget_fen"],
        cap_fen=row["cap_fen"],
    )
    moved = [c for c in rows if c["code"] in shown.changed][:CHARTED]
    return render(
        request,
        "allocation/competitive/alternatives.html",
        row=row,
        rows=rows,
        base=base,
        made=made,
        shown=shown,
        moved=moved,
        title_of=title_of,
        score=written,
        form=typed,
        cut_rules=[(rule.value, CATALOGUE.text(f"cut.{rule.value}")) for rule in CutRule],
        status=typed.status if typed.problems else 200,
    )


def _own(given: LookForm, row: Row) -> Rules:
    cut = replace(
        cut_of(row),
        budget_fen=given.budget_fen,
        cap_fen=given.cap_fen,
        pass_mark=given.pass_mark,
        rule=given.cut_rule,
    )
    return Rules(given.trim_from, cut)


@get("/rounds/{round_id:int}/alternatives", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def look(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show what the same scores would give under other rules."""
    return await _look(request, round_id)


@post("/rounds/{round_id:int}/alternatives", opt=needs(P.VIEW_ROUNDS), include_in_schema=False, status_code=200)
async def look_own(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show what they would give under rules typed here; nothing is kept."""
    return await _look(request, round_id, await read_form(request, LookForm))


ROUTES = [look, look_own]
