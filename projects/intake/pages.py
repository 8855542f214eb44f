"""Pages of the application: start, task list, parts with autosave, papers, check and file, receipt."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices
from projects.intake import keeping, queries, service, windows
from projects.intake import papers as attached
from projects.intake.draft import STILL_EMPTY, Checked, Step, standing
from projects.intake.editors import groups, marks, write_marks
from projects.intake.forms import (
    FILES,
    SECTIONS,
    STEPS,
    PaperForm,
    SettleForm,
    StartForm,
    SubmitForm,
    WithdrawForm,
    section_of,
)
from projects.permissions import P
from projects.queries import find
from projects.states import EDITABLE, S
from projects.states import PROJECT as MACHINE
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form, read_raw
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
MORE_ROWS = 3  # empty lines that the button under a table adds
CHOICES: dict[str, Any] = {
    "categories": choices.CATEGORIES,
    "ways": choices.WAYS,
    "kinds": choices.PAPERS,
    "bodies": choices.BODIES,
    "grades": choices.GRADES,
    "lands": choices.LANDS,
    "reservoir_kinds": choices.RESERVOIR_KINDS,
    "operators": choices.OPERATORS,
}


async def window_facts(tx: Tx) -> Row:
    """What every page of intake says about time: the open window and what is left, or the next one."""
    param = tx.policy.param("projects.intake.window_months")
    extended = await queries.extensions(tx, tx.actor.division_code)
    current = windows.open_window(param.value, tx.now, extended)
    return {
        "window": current,
        "left": current.left(tx.now) if current else None,
        "coming": windows.next_window(param.value, tx.now).until(extended),
        "window_param": param,
    }


async def _new(request: AnyRequest, form: Form[StartForm], status: int = 200) -> Page:
    async with open_tx(request) as tx:
        facts = await window_facts(tx)
        earlier = await queries.earlier(tx, tx.actor.division_code)
    return render(request, "projects/intake/new.html", status=status, form=form, earlier=earlier, **facts, **CHOICES)


@get("/projects/new", opt=needs(P.SUBMIT))
async def new(request: AnyRequest) -> Page:
    """Show the first page of an application."""
    return await _new(request, new_form(StartForm))


@post("/projects/new", opt=needs(P.SUBMIT), status_code=200)
async def create(request: AnyRequest) -> Page:
    """Open a draft."""
    form = await read_form(request, StartForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            project_id = await service.start(tx, form.value)
            return see_other(await tx.done(f"/projects/{project_id}/apply"), flash="projects.flash.saved")
    return await _new(request, form, form.status)


async def _draft(tx: Tx, project_id: int) -> Row:
    """Gather what every page of a draft shows. Raises: Refused PRJ-105, when it is no draft any more."""
    row = await find(tx, project_id)
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-105")
    return {
        "p": row,
        "checked": await service.check(tx, row),
        "remarks": await queries.remarks(tx, project_id, row["round"]) if row["state"] == S.RETURNED else [],
        "clashes": await queries.clashes(tx, project_id),
        "late": await queries.late_permit(tx, project_id),
        "today": tx.today,
        "steps": STEPS,
        **await window_facts(tx),
    }


@get("/projects/{project_id:int}/apply", opt=needs(P.SUBMIT))
async def tasks(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the task list: how far each part is, and that nothing is filed yet."""
    async with open_tx(request) as tx:
        facts = await _draft(tx, project_id)
    return render(request, "projects/intake/tasks.html", **facts)


@get("/projects/{project_id:int}/apply/{section:str}", opt=needs(P.SUBMIT))
async def part(request: AnyRequest, project_id: FromPath[int], section: FromPath[str]) -> Page:
    """Show one part with what was typed, what is wrong with it and what a reviewer said."""
    _known(section)
    async with open_tx(request) as tx:
        facts = await _draft(tx, project_id)
        papers = await files_of(tx, attached.owner(facts["p"])) if section == FILES else []
        own = facts["p"]["division_code"]
        villages = await queries.villages(tx, own) if section == "benefit" else {}
        places = await queries.places(tx, own, project_id) if section == "basics" else []
    checked: Checked = facts["checked"]
    form: Form[Any] = new_form(PaperForm) if section == FILES else checked.forms[section]
    if section != FILES:
        gaps = "all" in request.query_params
        form.problems = _shown(checked, section, facts["remarks"], gaps=gaps)
        form.raw = standing(section, form.raw)
    seen = write_marks(marks(form.raw)) if section != FILES else ""
    more = request.query_params.get("more", "")
    return render(
        request,
        f"projects/intake/{section}.html",
        form=form,
        section=section,
        papers=papers,
        seen=seen,
        villages=villages,
        places=places,
        extra_rows=lambda name: MORE_ROWS if name == more else 0,
        **facts,
        **CHOICES,
    )


def _known(section: str) -> None:
    if section not in STEPS:
        raise Refused("KRN-404")


def _shown(checked: Checked, section: str, remarks: list[Row], *, gaps: bool) -> list[Problem]:
    """Problems to show beside the fields: remarks, what is wrong, and after saving also what is still missing."""
    wrong = [p for p in checked.of(section) if gaps or p.code not in STILL_EMPTY]
    said = [
        Problem("PRJ-161", r["field"], {"tier": r["author_title"], "text": r["text"]})
        for r in remarks
        if section_of(r["field"]) == section and r["field"] not in checked.changed
    ]
    return said + wrong


@post("/projects/{project_id:int}/apply/{section:str}", opt=needs(P.SUBMIT), status_code=200)
async def save(request: AnyRequest, project_id: FromPath[int], section: FromPath[str]) -> Page:
    """Keep a part and go on to the next; what is wrong is kept too and shown, and so is what two people wrote."""
    form = await _typed(request, section)
    async with open_tx(request) as tx:
        row = await keeping.keep(tx, project_id, section, form)
        checked = await service.check(tx, row)
        clashes = await queries.clashes(tx, project_id)
    here = f"/projects/{project_id}/apply"
    if any(c["section"] == section for c in clashes):
        return see_other(f"{here}/clashes", flash="projects.flash.clash")
    if "more" in form.raw:
        return see_other(f"{here}/{section}?more={form.text('more')}#{form.text('more')}")
    if checked.steps[section] in {Step.PROBLEM, Step.PARTIAL} and "later" not in form.raw:
        return see_other(f"{here}/{section}?all=1", flash="projects.flash.saved_with_problems")
    after = STEPS[STEPS.index(section) + 1]
    return see_other(here if "later" in form.raw else f"{here}/{after}", flash="projects.flash.saved")


async def _typed(request: AnyRequest, section: str) -> Form[Any]:
    """Read a part as typed: everything is kept, also what is wrong."""
    if section not in SECTIONS:
        raise Refused("KRN-404")
    return await read_form(request, SECTIONS[section], partial=True)


@post("/projects/{project_id:int}/apply/{section:str}/keep", opt=needs(P.SUBMIT), status_code=200)
async def autosave(request: AnyRequest, project_id: FromPath[int], section: FromPath[str]) -> Page:
    """Keep what is typed while it is typed."""
    form = await _typed(request, section)
    async with open_tx(request) as tx:
        row = await keeping.keep(tx, project_id, section, form)
        at = tx.now
    return render(request, "projects/intake/saved.html", at=at, problems=form.problems, p=row, seen=row["seen"])


@get("/projects/{project_id:int}/apply/clashes", opt=needs(P.SUBMIT))
async def clashes(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show what two people wrote at once, side by side."""
    return await _clashes(request, project_id, new_form(SettleForm, seen=""))


async def _clashes(request: AnyRequest, project_id: int, form: Form[SettleForm]) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        found = [_side_by_side(c, row["draft"]) for c in await queries.clashes(tx, project_id)]
    if not found and not form.problems:
        return see_other(f"/projects/{project_id}/apply")
    status = form.status if form.problems else 200
    return render(request, "projects/intake/clashes.html", status=status, form=form, p=row, clashes=found)


def _side_by_side(clash: Row, draft: Row) -> Row:
    """One part with both texts: what stands in the draft now, what the slower person typed."""
    stands = draft.get(clash["section"], {})
    names = sorted(groups(clash["mine"]).keys() | groups(clash["theirs"]).keys())
    struct = SECTIONS[clash["section"]]
    return {
        **clash,
        "names": names,
        "seen": write_marks(marks(standing(clash["section"], stands))),
        "there": read_raw({k: list(v) for k, v in stands.items()}, struct, partial=True),
        "here": read_raw({k: list(v) for k, v in clash["mine"].items()}, struct, partial=True),
    }


@post("/projects/{project_id:int}/apply/clashes/{clash_id:int}", opt=needs(P.SUBMIT), status_code=200)
async def settle(request: AnyRequest, project_id: FromPath[int], clash_id: FromPath[int]) -> Page:
    """Choose between two texts, answer by answer."""
    form = await read_form(request, SettleForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await keeping.settle(tx, project_id, clash_id, form.value.seen, form.value.mine)
            return see_other(await tx.done(f"/projects/{project_id}/apply/clashes"), flash="projects.flash.saved")
    return await _clashes(request, project_id, form)


@post("/projects/{project_id:int}/papers", opt=needs(P.SUBMIT), status_code=200, request_max_body_size=UPLOAD_BODY)
async def add_paper(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Take in one paper."""
    form = await read_form(request, PaperForm)
    back = f"/projects/{project_id}/apply/{FILES}"
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await attached.add_paper(tx, project_id, form.value)
            return see_other(await tx.done(back), flash="projects.flash.paper")
    async with open_tx(request) as tx:
        facts = await _draft(tx, project_id)
        papers = await files_of(tx, attached.owner(facts["p"]))
    return render(
        request,
        "projects/intake/papers.html",
        status=form.status,
        form=form,
        section=FILES,
        papers=papers,
        **facts,
        **CHOICES,
    )


@post("/projects/{project_id:int}/papers/{file_id:int}/drop", opt=needs(P.SUBMIT), status_code=200)
async def drop_paper(request: AnyRequest, project_id: FromPath[int], file_id: FromPath[int]) -> Page:
    """Take a paper out again."""
    async with open_tx(request) as tx:
        await attached.drop_paper(tx, project_id, file_id)
    return see_other(f"/projects/{project_id}/apply/{FILES}", flash="projects.flash.paper_dropped")


@get("/projects/{project_id:int}/submit", opt=needs(P.SUBMIT))
async def look_over(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show all answers once more before filing."""
    return await _look_over(request, project_id, new_form(SubmitForm))


async def _look_over(request: AnyRequest, project_id: int, form: Form[SubmitForm]) -> Page:
    async with open_tx(request) as tx:
        facts = await _draft(tx, project_id)
        papers = await files_of(tx, attached.owner(facts["p"]))
    status = form.status if form.problems else 200
    return render(request, "projects/intake/check.html", status=status, form=form, papers=papers, **facts)


@post("/projects/{project_id:int}/submit", opt=needs(P.SUBMIT), status_code=200)
async def submit(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """File the application; a second click leads to the same receipt."""
    form = await read_form(request, SubmitForm)
    if form.ok and not form.value.declare:
        form.refuse(Problem("PRJ-152", "declare"))
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.submit(tx, project_id)
            return see_other(await tx.done(f"/projects/{project_id}/receipt"), flash="projects.flash.submitted")
    return await _look_over(request, project_id, form)


@get("/projects/{project_id:int}/receipt", opt=needs(P.VIEW))
async def receipt(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the receipt of the last filing, made for paper.

    Raises: Refused KRN-404, nothing was filed yet.
    """
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        if not row["receipt"]:
            raise Refused("KRN-404")
        papers = await files_of(tx, attached.owner(row))
    return render(request, "projects/intake/receipt.html", p=row, papers=papers)


@get("/projects/{project_id:int}/withdraw", opt=needs(P.SUBMIT))
async def withdraw_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Ask why the application is taken back."""
    return await _withdraw(request, project_id, new_form(WithdrawForm))


async def _withdraw(request: AnyRequest, project_id: int, form: Form[WithdrawForm]) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
    MACHINE.arrow(row["state"], "withdraw")
    status = form.status if form.problems else 200
    return render(request, "projects/intake/withdraw.html", status=status, form=form, p=row)


@post("/projects/{project_id:int}/withdraw", opt=needs(P.SUBMIT), status_code=200)
async def withdraw(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Take the application back."""
    form = await read_form(request, WithdrawForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.withdraw(tx, project_id, form.value.reason)
            return see_other(await tx.done(f"/projects/{project_id}"), flash="projects.flash.withdrawn")
    return await _withdraw(request, project_id, form)


ROUTES = [
    new,
    create,
    tasks,
    part,
    save,
    autosave,
    clashes,
    settle,
    add_paper,
    drop_paper,
    look_over,
    submit,
    receipt,
    withdraw_page,
    withdraw,
]
