"""Pages of the ranking: the lists, one ranking, one project's working, the scheme."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.ranking import lists, queries, rules, service
from projects.ranking.forms import MoveForm, PublishSchemeForm, SchemeForm, SeenForm
from projects.ranking.parameters import from_row, pack_scheme
from projects.ranking.rules import Scheme
from projects.ranking.states import RANKING, SCHEME
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
Work = Callable[[Tx, Any], Awaitable[object]]
DECIMALS = 4


def nice(value: Fraction | None) -> str:
    """Write an exact value for the eye: whole numbers as they are, others with four decimals."""
    if value is None:
        return "—"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.{DECIMALS}f}"


@get("/ranking", opt=needs(P.VIEW))
async def rankings(request: AnyRequest) -> Page:
    """List the rankings, published and drafted."""
    async with open_tx(request) as tx:
        facts: Row = {
            "scheme": await queries.scheme_in_force(tx, tx.actor.division_code),
            "may_rank": tx.actor.may(P.RANK_RESERVE),
            "own": await _is_county(tx),
        }
    return await lists.RANKINGS.respond(request, "projects/ranking/list.html", form=new_form(SeenForm), **facts)


async def _is_county(tx: Tx) -> bool:
    level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", tx.actor.division_code)
    return bool(level == "county")


@post("/ranking/new", opt=needs(P.RANK_RESERVE), status_code=200)
async def make(request: AnyRequest) -> Page:
    """Rank the reserve."""
    form = await read_form(request, SeenForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            number = await service.make(tx)
            return see_other(await tx.done(f"/ranking/{number}"), flash="projects.ranking.flash.made")
    async with open_tx(request) as tx:
        facts: Row = {
            "scheme": await queries.scheme_in_force(tx, tx.actor.division_code),
            "may_rank": True,
            "own": True,
            "page": await lists.RANKINGS.fetch(tx, request),
        }
    return render(request, "projects/ranking/list.html", status=form.status, form=form, **facts)


@get("/ranking/{ranking_id:int}", opt=needs(P.VIEW))
async def ranking(request: AnyRequest, ranking_id: FromPath[int]) -> Page:
    """Show a ranking: the order, and what may be done with it."""
    base = ("r.ranking = {}", [ranking_id])
    facts = await _about(request, ranking_id)
    return await lists.ROWS.respond(
        request, "projects/ranking/ranking.html", base=base, form=new_form(SeenForm), **facts
    )


async def _about(request: AnyRequest, ranking_id: int) -> Row:
    async with open_tx(request) as tx:
        row = await queries.ranking(tx, ranking_id)
        scheme_row = await queries.scheme(tx, row["scheme"])
        return {
            "k": row,
            "scheme_row": scheme_row,
            "scheme": from_row(scheme_row),
            "ties": tie_words(from_row(scheme_row)),
            "verbs": verbs_open(RANKING, row, tx.actor) if _own(tx, row) else [],
            "entries": await timeline(tx, "projects_ranking", ranking_id),
            "nice": nice,
        }


def _own(tx: Tx, row: Row) -> bool:
    """Tell whether a ranking or scheme is the caller's own: a division acts on its own only."""
    return bool(tx.actor.division_code == row["division_code"])


def tie_words(scheme: Scheme) -> list[str]:
    """Say the tie rules in their order."""
    titles = {c.key: c.title for c in scheme.criteria}
    criterion = CATALOGUE.text("projects.ranking.tie.criterion")
    return [
        CATALOGUE.text(f"projects.ranking.tie.{t}")
        if t in (rules.ADMITTED, rules.CODE)
        else criterion.format(title=titles.get(t, CATALOGUE.text(f"list.ranking_rows.tie.{t}")))
        for t in scheme.ties
    ]


async def _again(request: AnyRequest, ranking_id: int, form: Form[Any]) -> Page:
    facts = await _about(request, ranking_id)
    async with open_tx(request) as tx:
        page = await lists.ROWS.fetch(tx, request, ("r.ranking = {}", [ranking_id]))
    return render(request, "projects/ranking/ranking.html", status=form.status, form=form, page=page, **facts)


async def _step(request: AnyRequest, ranking_id: int, work: Work, flash: str, to: str = "") -> Page:
    form: Form[Any] = await read_form(request, SeenForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(to or f"/ranking/{ranking_id}"), flash=flash)
    return await _again(request, ranking_id, form)


@post("/ranking/{ranking_id:int}/publish", opt=needs(P.PUBLISH_RANKING), status_code=200)
async def publish(request: AnyRequest, ranking_id: FromPath[int]) -> Page:
    """Publish a ranking."""

    async def work(tx: Tx, v: SeenForm) -> object:
        return await service.publish(tx, ranking_id, v.seen)

    return await _step(request, ranking_id, work, "projects.ranking.flash.published")


@post("/ranking/{ranking_id:int}/discard", opt=needs(P.RANK_RESERVE), status_code=200)
async def discard(request: AnyRequest, ranking_id: FromPath[int]) -> Page:
    """Put a ranking aside."""

    async def work(tx: Tx, v: SeenForm) -> object:
        return await service.discard(tx, ranking_id, v.seen)

    return await _step(request, ranking_id, work, "projects.ranking.flash.discarded", to="/ranking")


@get("/ranking/{ranking_id:int}/projects/{project_id:int}", opt=needs(P.VIEW))
async def working(request: AnyRequest, ranking_id: FromPath[int], project_id: FromPath[int]) -> Page:
    """Show how a project came to its place, line by line."""
    return await _working(request, ranking_id, project_id)


async def _working(request: AnyRequest, ranking_id: int, project_id: int, form: Form[MoveForm] | None = None) -> Page:
    facts = await _about(request, ranking_id)
    async with open_tx(request) as tx:
        row = await queries.place(tx, ranking_id, project_id)
        moves = await queries.moves(tx, ranking_id, project_id)
        may_move = "discard" in facts["verbs"]
    lines = rules.explain(facts["scheme"], queries.read(row["given"]))
    shown = form or new_form(MoveForm, seen=facts["k"]["version"])
    return render(
        request,
        "projects/ranking/working.html",
        status=shown.status if shown.problems else 200,
        r=row,
        lines=lines,
        total=sum((line.points for line in lines), Fraction(0)),
        moves=moves,
        may_move=may_move,
        form=shown,
        **facts,
    )


@post("/ranking/{ranking_id:int}/projects/{project_id:int}/move", opt=needs(P.RANK_RESERVE), status_code=200)
async def move(request: AnyRequest, ranking_id: FromPath[int], project_id: FromPath[int]) -> Page:
    """Give a project another place."""
    form = await read_form(request, MoveForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            v = form.value
            await service.move(tx, ranking_id, project_id, v.to, v.reason, v.seen)
            return see_other(await tx.done(f"/ranking/{ranking_id}"), flash="projects.ranking.flash.moved")
    return await _working(request, ranking_id, project_id, form)


@get("/ranking/schemes", opt=needs(P.VIEW))
async def schemes(request: AnyRequest) -> Page:
    """List the schemes, every version."""
    may = request.scope["state"]["actor"].may(P.RANK_RESERVE)
    return await lists.SCHEMES.respond(request, "projects/ranking/schemes.html", may_rank=may)


@get("/ranking/schemes/new", opt=needs(P.RANK_RESERVE))
async def new_scheme(request: AnyRequest) -> Page:
    """Show the form of a new version, filled from the one in force or else from the pack."""
    async with open_tx(request) as tx:
        row = await queries.scheme_in_force(tx, tx.actor.division_code)
        scheme = from_row(row) if row else pack_scheme(tx.policy)
    criteria = [
        {"key": c.key, "weight_bp": c.weight_bp, "zero": mark(c.zero), "full": mark(c.full)} for c in scheme.criteria
    ]
    ties = [t for t in scheme.ties if t != rules.CODE]
    form = new_form(SchemeForm, title=row["title"] if row else "", criteria=criteria, ties=ties)
    return await _scheme_form(request, form)


def mark(value: Fraction) -> str:
    """Write a mark as it is typed."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.{DECIMALS}f}".rstrip("0")


async def _scheme_form(request: AnyRequest, form: Form[SchemeForm]) -> Page:
    async with open_tx(request) as tx:
        pack = pack_scheme(tx.policy)
    chosen = [one for one in form.raw.get("ties", ()) if isinstance(one, str)]
    return render(
        request,
        "projects/ranking/scheme_new.html",
        status=form.status if form.problems else 200,
        form=form,
        pack={c.key: c for c in pack.criteria},
        rows=form.rows("criteria"),
        chosen=(chosen + [""] * 3)[:3],
        tie_rules=[(t, CATALOGUE.text(f"list.ranking_rows.tie.{t}")) for t in lists.TIE_RULES if t != rules.CODE],
        mark=mark,
    )


@post("/ranking/schemes/new", opt=needs(P.RANK_RESERVE), status_code=200)
async def create_scheme(request: AnyRequest) -> Page:
    """Keep a drafted scheme."""
    form = await read_form(request, SchemeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            number = await service.draft_scheme(tx, form.value)
            return see_other(await tx.done(f"/ranking/schemes/{number}"), flash="projects.ranking.flash.scheme")
    return await _scheme_form(request, form)


@get("/ranking/schemes/{scheme_id:int}", opt=needs(P.VIEW))
async def scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Show one version of a scheme."""
    return await _scheme(request, scheme_id)


async def _scheme(request: AnyRequest, scheme_id: int, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.scheme(tx, scheme_id)
        read = from_row(row)
        facts: Row = {
            "s": row,
            "scheme": read,
            "ties": tie_words(read),
            "verbs": verbs_open(SCHEME, row, tx.actor) if _own(tx, row) else [],
            "entries": await timeline(tx, "projects_scheme", scheme_id),
        }
    shown = form or new_form(PublishSchemeForm, seen=row["version"])
    status = shown.status if shown.problems else 200
    return render(request, "projects/ranking/scheme.html", status=status, form=shown, nice=nice, **facts)


async def _scheme_step(
    request: AnyRequest, scheme_id: int, struct: type[msgspec.Struct], work: Work, flash: str
) -> Page:
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/ranking/schemes/{scheme_id}"), flash=flash)
    return await _scheme(request, scheme_id, form)


@post("/ranking/schemes/{scheme_id:int}/publish", opt=needs(P.PUBLISH_RANKING), status_code=200)
async def publish_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Publish a scheme."""

    async def work(tx: Tx, v: PublishSchemeForm) -> object:
        return await service.publish_scheme(tx, scheme_id, v.doc_no, v.seen)

    return await _scheme_step(request, scheme_id, PublishSchemeForm, work, "projects.ranking.flash.scheme_published")


@post("/ranking/schemes/{scheme_id:int}/discard", opt=needs(P.RANK_RESERVE), status_code=200)
async def discard_scheme(request: AnyRequest, scheme_id: FromPath[int]) -> Page:
    """Put a drafted scheme aside."""

    async def work(tx: Tx, v: SeenForm) -> object:
        return await service.discard_scheme(tx, scheme_id, v.seen)

    return await _scheme_step(request, scheme_id, SeenForm, work, "projects.ranking.flash.scheme_discarded")


ROUTES = [
    rankings, make, ranking, publish, discard, working, move,
    schemes, new_scheme, create_scheme, scheme, publish_scheme, discard_scheme,
]  # fmt: skip
