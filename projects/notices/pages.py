"""Pages of notices: put one up for an application, see what is still missing, take in and answer objections."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import queries as project_queries
from projects.notices import lists, queries, service
from projects.notices.addresses import address_of
from projects.notices.forms import (
    AnswerForm,
    CancelForm,
    CloseForm,
    OpenForm,
    PaperObjectionForm,
    PhotoForm,
    RetractForm,
)
from projects.notices.parameters import posting_rule
from projects.notices.rules import Kind, Photo
from projects.notices.service import Opening
from projects.notices.states import NOTICE, OBJECTION
from projects.permissions import P
from projects.states import EDITABLE
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]


@get("/notices", opt=needs(P.VIEW))
async def notices(request: AnyRequest) -> Page:
    """List the notices of the range."""
    return await lists.NOTICES.respond(request, "projects/notices/list.html")


@get("/notices/objections", opt=needs(P.VIEW))
async def objections(request: AnyRequest) -> Page:
    """List the objections of the range, the newest first."""
    return await lists.OBJECTIONS.respond(request, "projects/notices/objections.html")


@get("/projects/{project_id:int}/notice", opt=needs(P.POST_NOTICE))
async def village_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Offer to put up the village's notice of an application."""
    return await _village(request, project_id, None)


async def _village(request: AnyRequest, project_id: int, form: Form[OpenForm] | None) -> Page:
    async with open_tx(request) as tx:
        row = await _application(tx, project_id)
        rule = posting_rule(tx.policy_for(row["division_code"]), Kind.VILLAGE)
        shown = form or new_form(
            OpenForm,
            starts_on=tx.today,
            title=_titled(row),
            body=_body(row),
            place=_typed(row, "posting", "notice_place"),
        )
    status = shown.status if shown.problems else 200
    return render(request, "projects/notices/new.html", status=status, form=shown, p=row, rule=rule)


async def _application(tx: Tx, project_id: int) -> Row:
    """Give an application whose notice may go up. Raises: Refused PRJ-509, KRN-404."""
    row = await project_queries.find(tx, project_id)
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-509")
    return row


def _typed(row: Row, section: str, name: str) -> str:
    return str((row["draft"].get(section, {}).get(name) or [""])[0])


def _titled(row: Row) -> str:
    return CATALOGUE.text("projects.notices.title").format(title=row["title"])


def _body(row: Row) -> str:
    """The usual wording of a notice, filled from the draft; whoever posts it may change it."""
    amounts = {name: _typed(row, "works", f"{name}_fen") for name in ("estimate", "asked")}
    facts = {"title": row["title"], "content": _typed(row, "works", "content"), **amounts}
    if row["estimate_fen"] and not amounts["estimate"]:
        facts |= {"estimate": yuan(row["estimate_fen"]), "asked": yuan(row["asked_fen"]), "content": row["content"]}
    return CATALOGUE.text("projects.notices.body").format(**facts)


@post("/projects/{project_id:int}/notice", opt=needs(P.POST_NOTICE), status_code=200, request_max_body_size=UPLOAD_BODY)
async def open_village(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Put up the village's notice of an application."""
    form = await read_form(request, OpenForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            row = await _application(tx, project_id)
            given = form.value
            opening = Opening(Kind.VILLAGE, given.title, given.body, given.starts_on, given.ends_on, given.place)
            made = await service.open_notice(tx, project_queries.subject(row), opening)
            if given.start_photo is not None:
                await service.add_photo(tx, made["id"], Photo.START, given.start_photo)
            return see_other(await tx.done(f"/notices/{made['id']}"), flash="projects.flash.notice_opened")
    return await _village(request, project_id, form)


@get("/notices/{notice_id:int}", opt=needs(P.VIEW))
async def notice(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Show a notice: how long it hangs, what is missing, what was said against it."""
    return await _notice(request, notice_id)


async def _notice(request: AnyRequest, notice_id: int, **typed: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, notice_id)
        facts: Row = {
            "n": row,
            "about": address_of(row["subject_table"], row["subject_id"]),
            "lines": await service.explain(tx, row),
            "photos": await files_of(tx, (queries.POSTING, notice_id)),
            "objections": await queries.objections(tx, notice_id),
            "entries": await timeline(tx, queries.POSTING, notice_id),
            "verbs": verbs_open(NOTICE, row, tx.actor),
            "may_take": tx.actor.may(P.TAKE_OBJECTION) and row["state"] != "cancelled",
            "close_form": typed.get("close_form") or new_form(CloseForm),
            "cancel_form": typed.get("cancel_form") or new_form(CancelForm),
            "photo_form": typed.get("photo_form") or new_form(PhotoForm),
            "paper_form": typed.get("paper_form") or new_form(PaperObjectionForm, received_on=tx.today),
        }
    wrong = [form.status for form in typed.values() if form.problems]
    return render(request, "projects/notices/notice.html", status=max(wrong, default=200), **facts)


@post("/notices/{notice_id:int}/photos", opt=needs(P.POST_NOTICE), status_code=200, request_max_body_size=UPLOAD_BODY)
async def photo(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Keep a photo of the board."""
    form = await read_form(request, PhotoForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_photo(tx, notice_id, Photo(form.value.kind), form.value.photo)
            return see_other(await tx.done(f"/notices/{notice_id}"), flash="projects.flash.notice_photo")
    return await _notice(request, notice_id, photo_form=form)


@post("/notices/{notice_id:int}/close", opt=needs(P.POST_NOTICE), status_code=200)
async def close(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Close a notice."""
    form = await read_form(request, CloseForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.close_notice(tx, notice_id, form.value.outcome)
            return see_other(await tx.done(f"/notices/{notice_id}"), flash="projects.flash.notice_closed")
    return await _notice(request, notice_id, close_form=form)


@post("/notices/{notice_id:int}/cancel", opt=needs(P.POST_NOTICE), status_code=200)
async def cancel(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Take a notice down."""
    form = await read_form(request, CancelForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.cancel_notice(tx, notice_id, form.value.reason)
            return see_other(await tx.done(f"/notices/{notice_id}"), flash="projects.flash.notice_cancelled")
    return await _notice(request, notice_id, cancel_form=form)


@post("/notices/{notice_id:int}/objections", opt=needs(P.TAKE_OBJECTION), status_code=200)
async def take(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Enter an objection that came on paper."""
    form = await read_form(request, PaperObjectionForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.take_paper(tx, notice_id, form.value)
            return see_other(await tx.done(f"/notices/{notice_id}"), flash="projects.flash.objection_taken")
    return await _notice(request, notice_id, paper_form=form)


@get("/notices/objections/{objection_id:int}", opt=needs(P.VIEW))
async def objection(request: AnyRequest, objection_id: FromPath[int]) -> Page:
    """Show one objection; who raised it only to those who take it in or answer it."""
    return await _objection(request, objection_id)


async def _objection(request: AnyRequest, objection_id: int, **typed: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find_objection(tx, objection_id)
        about = await queries.find(tx, row["posting"])
        knows = tx.actor.may(P.ANSWER_OBJECTION) or (row["entered_by"] and row["entered_by"] == tx.actor.user_id)
        facts: Row = {
            "o": row,
            "n": about,
            "person": service.person_of(row) if knows else None,
            "verbs": verbs_open(OBJECTION, row, tx.actor),
            "entries": await timeline(tx, queries.OBJECTION, objection_id),
            "answer_form": typed.get("answer_form") or new_form(AnswerForm),
            "retract_form": typed.get("retract_form") or new_form(RetractForm),
        }
    wrong = [form.status for form in typed.values() if form.problems]
    return render(request, "projects/notices/objection.html", status=max(wrong, default=200), **facts)


@post("/notices/objections/{objection_id:int}/answer", opt=needs(P.ANSWER_OBJECTION), status_code=200)
async def answer(request: AnyRequest, objection_id: FromPath[int]) -> Page:
    """Answer an objection."""
    form = await read_form(request, AnswerForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            moved = await service.answer(tx, objection_id, form.value)
            return see_other(await tx.done(f"/notices/{moved['posting']}"), flash="projects.flash.objection_answered")
    return await _objection(request, objection_id, answer_form=form)


@post("/notices/objections/{objection_id:int}/retract", opt=needs(P.ANSWER_OBJECTION), status_code=200)
async def retract(request: AnyRequest, objection_id: FromPath[int]) -> Page:
    """Note that an objection was taken back."""
    form = await read_form(request, RetractForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            moved = await service.retract(tx, objection_id, form.value.reason)
            return see_other(await tx.done(f"/notices/{moved['posting']}"), flash="projects.flash.objection_retracted")
    return await _objection(request, objection_id, retract_form=form)


ROUTES = [
    notices,
    objections,
    village_page,
    open_village,
    notice,
    photo,
    close,
    cancel,
    take,
    objection,
    answer,
    retract,
]
