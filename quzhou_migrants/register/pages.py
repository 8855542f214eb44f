"""Pages of households and their people."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response, Stream

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.register import documents, queries, sealing, service
from quzhou_migrants.register.columns import TITLES
from quzhou_migrants.register.forms import CloseForm, HouseholdForm, MemberForm, NewHouseholdForm, RevealForm
from quzhou_migrants.register.import_check import known_of
from quzhou_migrants.register.lists import HOUSEHOLDS, MEMBERS
from quzhou_migrants.register.permissions import P
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other


class Looked(NamedTuple):
    """Which number is looked at: of a household, its phone or account; of a person, the ID."""

    household: int
    what: str
    person: int


AnyRequest = Request[Any, Any, Any]
S = TypeVar("S", bound=msgspec.Struct)
Page = Response[Any]
SUPPORTS = list(TITLES["support"].items())
RELATIONS = list(TITLES["relation"].items())


def _home(key: int) -> str:
    return f"/register/households/{key}"


@get("/register/households", opt=needs(P.VIEW))
async def households(request: AnyRequest) -> Page:
    """List households."""
    return await HOUSEHOLDS.respond(request, "register/households.html")


@get("/register/members", opt=needs(P.VIEW))
async def members(request: AnyRequest) -> Page:
    """List people."""
    return await MEMBERS.respond(request, "register/members.html")


@get("/register/members/roster.xlsx", opt=needs(P.VIEW))
async def roster(request: AnyRequest) -> Stream:
    """Give the people of the list as a spreadsheet with masked numbers."""
    async with open_tx(request) as tx:
        file, name = await documents.roster(tx, request), f"{MEMBERS.label('title')}-{tx.today:%Y%m%d}"
    return documents.download(file, name)


@get("/register/households/{key:int}", opt=needs(P.VIEW))
async def household(request: AnyRequest, key: FromPath[int]) -> Page:
    """Show a household: what it is, who belongs to it, what happened to it."""
    async with open_tx(request) as tx:
        facts = await _facts(tx, key)
        entries = await queries.history(tx, key)
    return render(request, "register/household.html", entries=entries, close=new_form(CloseForm), **facts)


async def _facts(tx: Tx, key: int) -> dict[str, Any]:
    row = await queries.household(tx, key)
    known = await places(tx)
    return {
        "h": row,
        "people": await queries.people(tx, row),
        "place": _path(tx, known, row["division_code"]),
        "phone": sealing.masked_phone(row["phone_cipher"]),
        "bank": sealing.masked_bank(row["bank_cipher"]),
        "supports": dict(SUPPORTS),
        "relations": dict(RELATIONS),
        "may": tx.actor.may,
    }


async def _villages(tx: Tx) -> list[tuple[str, str]]:
    """Offer the villages of the post's range, each after its township."""
    known = await places(tx)
    rows = await tx.conn.fetch(
        "SELECT code FROM kernel_division WHERE level = 'village' AND active AND code >= $1 AND code < $2"
        " ORDER BY code",
        *service.range_of(tx),
    )
    return [(r["code"], _path(tx, known, r["code"])) for r in rows]


def _path(tx: Tx, known: Places, code: str) -> str:
    """Name a place with what lies above it, inside the post's own range."""
    return " ".join(known.name(c) for c in known.path(code, tx.actor.division_code))


async def _read(request: AnyRequest, struct: type[S]) -> Form[S]:
    """Read a form; when a field cannot be read, the rules still tell of all the others."""
    form = await read_form(request, struct)
    if not form.ok:
        async with open_tx(request) as tx:
            form.problems += service.slips(await known_of(tx), form.clean)
    return form


async def _edit(request: AnyRequest, form: Form[Any], row: dict[str, Any] | None) -> Page:
    async with open_tx(request) as tx:
        villages = await _villages(tx)
        row = row and await queries.household(tx, row["id"])
    status = form.status if form.problems else 200
    return render(
        request, "register/household_edit.html", status=status, form=form, h=row, villages=villages, supports=SUPPORTS
    )


@get("/register/households/new", opt=needs(P.EDIT))
async def new(request: AnyRequest) -> Page:
    """Show the form of a new household."""
    return await _edit(request, new_form(NewHouseholdForm, migrant=True), None)


@post("/register/households/new", opt=needs(P.EDIT), status_code=200)
async def create(request: AnyRequest) -> Page:
    """Register a household."""
    form = await _read(request, NewHouseholdForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.create(tx, form.value)
            return see_other(await tx.done(_home(key)), flash="REG-210")
    return await _edit(request, form, None)


@get("/register/households/{key:int}/edit", opt=needs(P.EDIT))
async def edit(request: AnyRequest, key: FromPath[int]) -> Page:
    """Show the form of a household; sealed numbers stay behind their masks."""
    async with open_tx(request) as tx:
        row = await queries.household(tx, key)
    return await _edit(request, new_form(HouseholdForm, row, phone="", bank_account=""), row)


@post("/register/households/{key:int}/edit", opt=needs(P.EDIT), status_code=200)
async def update(request: AnyRequest, key: FromPath[int]) -> Page:
    """Change a household."""
    form = await _read(request, HouseholdForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.update(tx, key, form.value)
            return see_other(await tx.done(_home(key)), flash="REG-210")
    return await _edit(request, form, {"id": key})


async def _member_page(request: AnyRequest, key: int, form: Form[Any], person: int = 0) -> Page:
    async with open_tx(request) as tx:
        row = await queries.household(tx, key)
        stored = await queries.member(tx, key, person) if person else None
        shown = queries.person_view(stored, tx.today) if stored else None
    return render(request, "register/member_edit.html", status=form.status if form.problems else 200, form=form, h=row,
                  person=shown, relations=RELATIONS, leave=new_form(CloseForm))  # fmt: skip


@get("/register/households/{key:int}/members/new", opt=needs(P.EDIT))
async def new_member(request: AnyRequest, key: FromPath[int]) -> Page:
    """Show the form of a new person."""
    async with open_tx(request) as tx:
        row = await queries.household(tx, key)
    return await _member_page(request, key, new_form(MemberForm, migrant=True, version=row["version"]))


@post("/register/households/{key:int}/members/new", opt=needs(P.EDIT), status_code=200)
async def add_member(request: AnyRequest, key: FromPath[int]) -> Page:
    """Register a person."""
    form = await _read(request, MemberForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_member(tx, key, form.value)
            return see_other(await tx.done(_home(key)), flash="REG-210")
    return await _member_page(request, key, form)


@get("/register/households/{key:int}/members/{person:int}", opt=needs(P.EDIT))
async def edit_member(request: AnyRequest, key: FromPath[int], person: FromPath[int]) -> Page:
    """Show the form of a person."""
    async with open_tx(request) as tx:
        row = await queries.member(tx, key, person)
    return await _member_page(request, key, new_form(MemberForm, row, resident_id=""), person)


@post("/register/households/{key:int}/members/{person:int}", opt=needs(P.EDIT), status_code=200)
async def change_member(request: AnyRequest, key: FromPath[int], person: FromPath[int]) -> Page:
    """Change a person."""
    form = await _read(request, MemberForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.change_member(tx, key, person, form.value)
            return see_other(await tx.done(_home(key)), flash="REG-210")
    return await _member_page(request, key, form, person)


async def _step(request: AnyRequest, key: int, title: str, work: Any) -> Page:  # noqa: ANN401 - a command of service.py
    """Take a step that needs a reason; what is wrong is shown on a page of its own."""
    form = await read_form(request, CloseForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(_home(key)), flash="REG-210")
    async with open_tx(request) as tx:
        row = await queries.household(tx, key)
    return render(request, "register/step.html", status=form.status, form=form, h=row, title=CATALOGUE.text(title),
                  action=request.url.path)  # fmt: skip


@post("/register/households/{key:int}/members/{person:int}/leave", opt=needs(P.EDIT), status_code=200)
async def leave(request: AnyRequest, key: FromPath[int], person: FromPath[int]) -> Page:
    """Let a person leave."""
    return await _step(
        request, key, "register.leave", lambda tx, v: service.remove_member(tx, key, person, v.version, v.reason)
    )


@post("/register/households/{key:int}/close", opt=needs(P.EDIT), status_code=200)
async def close(request: AnyRequest, key: FromPath[int]) -> Page:
    """Close a household."""
    return await _step(request, key, "register.close", lambda tx, v: service.close(tx, key, v.version, v.reason))


@post("/register/households/{key:int}/reopen", opt=needs(P.EDIT), status_code=200)
async def reopen(request: AnyRequest, key: FromPath[int]) -> Page:
    """Take a household up again."""
    return await _step(request, key, "register.reopen", lambda tx, v: service.reopen(tx, key, v.version, v.reason))


@get("/register/households/{key:int}/reveal/{what:str}/{person:int}", opt=needs(P.REVEAL))
async def ask_reveal(request: AnyRequest, key: FromPath[int], what: FromPath[str], person: FromPath[int]) -> Page:
    """Ask why a whole number is looked at."""
    return await _reveal_page(request, Looked(key, what, person), new_form(RevealForm))


@post("/register/households/{key:int}/reveal/{what:str}/{person:int}", opt=needs(P.REVEAL), status_code=200)
async def reveal(request: AnyRequest, key: FromPath[int], what: FromPath[str], person: FromPath[int]) -> Page:
    """Show the number once, on this answer only."""
    form = await read_form(request, RevealForm)
    number = ""
    if form.ok:
        async with form.refusals(), open_tx(request) as tx:
            number = await service.reveal(tx, key, what, person, form.value.reason)
    return await _reveal_page(request, Looked(key, what, person), form, number)


async def _reveal_page(request: AnyRequest, at: Looked, form: Form[RevealForm], number: str = "") -> Page:
    async with open_tx(request) as tx:
        row, who = await service.holder_of(tx, at.household, at.what, at.person)
    name = who["name"] if at.what == "id" else row["head_name"]
    status = form.status if form.problems else 200
    return render(
        request, "register/reveal.html", status=status, form=form, h=row, what=at.what, name=name, number=number
    )


ROUTES = [
    households, members, roster, new, create, household, edit, update, new_member, add_member, edit_member,
    change_member, leave, close, reopen, ask_reveal, reveal,
]  # fmt: skip
