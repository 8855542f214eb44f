"""Pages that look back: snapshots, two of them compared, the reserve on any day, the six counties side by side."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.refresh import lists, queries, rules, service
from projects.refresh.forms import FreezeForm
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.listing import settle
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
TWO = 2


@get("/refresh/snapshots", opt=needs(P.VIEW))
async def snapshots(request: AnyRequest) -> Page:
    """List the snapshots."""
    return await lists.SNAPSHOTS.respond(
        request, "projects/refresh/snapshots.html", form=new_form(FreezeForm), **await _may_freeze(request)
    )


async def _may_freeze(request: AnyRequest) -> Row:
    async with open_tx(request) as tx:
        level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", tx.actor.division_code)
        return {"may_freeze": level == "county" and tx.actor.may(P.REFRESH)}


@post("/refresh/snapshots", opt=needs(P.REFRESH), status_code=200)
async def freeze(request: AnyRequest) -> Page:
    """Freeze the reserve as it stands."""
    form: Form[FreezeForm] = await read_form(request, FreezeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            number = await service.freeze_now(tx, form.value.reason)
            return see_other(await tx.done(f"/refresh/snapshots/{number}"), flash="projects.refresh.flash.frozen")
    async with open_tx(request) as tx:
        page = await lists.SNAPSHOTS.fetch(tx, request)
    facts = await _may_freeze(request)
    return render(request, "projects/refresh/snapshots.html", status=form.status, form=form, page=page, **facts)


@get("/refresh/snapshots/{snapshot_id:int}", opt=needs(P.VIEW))
async def snapshot(request: AnyRequest, snapshot_id: FromPath[int]) -> Page:
    """Show a snapshot; its hash is reckoned again from the rows whenever all of them are in the caller's range."""
    async with open_tx(request) as tx:
        row = await queries.snapshot(tx, snapshot_id)
        frozen = await queries.snapshot_rows(tx, snapshot_id)
        facts: Row = {
            "s": row,
            "whole": len(frozen) == row["projects"],
            "same": rules.digest(frozen) == row["sha256"],
            "county": await tx.conn.fetchval("SELECT name FROM kernel_division WHERE code = $1", row["division_code"]),
        }
    base = ("snapshot = {}", [snapshot_id])
    return await lists.SNAPSHOT_ROWS.respond(request, "projects/refresh/snapshot.html", base=base, **facts)


@get("/refresh/snapshots/{snapshot_id:int}/content.txt", opt=needs(P.VIEW))
async def content(request: AnyRequest, snapshot_id: FromPath[int]) -> Response[bytes]:
    """Give a snapshot as the file that was hashed, so that any tool can check it."""
    async with open_tx(request) as tx:
        row = await queries.snapshot(tx, snapshot_id)
        frozen = await queries.snapshot_rows(tx, snapshot_id)
    name = f"{row['division_code']}-{row['name']}.txt"
    return Response(
        rules.content(frozen),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@get("/refresh/compare", opt=needs(P.VIEW))
async def compare(request: AnyRequest) -> Page:
    """Compare two snapshots: what entered, left, changed, changed its place."""
    asked = request.query_params
    async with open_tx(request) as tx:
        before, after = asked.get("before", ""), asked.get("after", "")
        names = [] if before and after else await queries.snapshot_names(tx)
        if len(names) >= TWO:
            return see_other(_pair(names, before, after))
        given = {lists.BEFORE: before[:10], lists.AFTER: after[:10]}
        facts: Row = {"before": before, "after": after, "kinds": await _kinds(tx, given)}
    base = ("x.before = {} AND x.after = {}", [given[lists.BEFORE], given[lists.AFTER]])
    return await lists.CHANGES.respond(request, "projects/refresh/compare.html", base=base, given=given, **facts)


def _pair(names: list[str], before: str, after: str) -> str:
    """Address of a comparison with what is missing filled in: the newest, and the one before it."""
    after = after or next(name for name in names if name != before)
    older = [name for name in names[names.index(after) + 1 :] or names if name != after] if after in names else names
    return f"/refresh/compare?{urlencode({'before': before or older[0], 'after': after})}"


async def _kinds(tx: Tx, given: dict[str, str]) -> dict[str, int]:
    await settle(tx, given)
    return await queries.kinds(tx, lists.COMPARED, (given[lists.BEFORE], given[lists.AFTER]))


@get("/refresh/as-of", opt=needs(P.VIEW))
async def as_of(request: AnyRequest) -> Page:
    """Show the reserve as it stood at the end of any day."""
    typed = request.query_params.get("day", "")
    async with open_tx(request) as tx:
        day = _day(typed, tx.today)
    if typed != day.isoformat():
        return see_other(f"/refresh/as-of?day={day.isoformat()}")
    given = {lists.AS_OF: day.isoformat()}
    base = ("x.as_of = {}", [day])
    return await lists.HISTORY.respond(request, "projects/refresh/as_of.html", base=base, given=given, day=day)


def _day(typed: str, today: date) -> date:
    """Read a day; what is none, or has not come yet, means today."""
    try:
        return min(date.fromisoformat(typed), today)
    except ValueError:
        return today


@get("/refresh/counties", opt=needs(P.VIEW))
async def counties(request: AnyRequest) -> Page:
    """Show the reserve of every county side by side."""
    async with open_tx(request) as tx:
        today = tx.today
    given = {lists.AS_OF: today.isoformat()}
    return await lists.COUNTIES.respond(request, "projects/refresh/counties.html", given=given)


ROUTES = [snapshots, freeze, snapshot, content, compare, as_of, counties]
