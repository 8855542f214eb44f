"""Commands on households and their people; the same rules as a sheet's, told beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.grams import bigrams_of, pinyin_key
from quzhou_migrants.kernel.ids import birth_of, sex_of
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import queries, sealing
from quzhou_migrants.register.bulk import MEMBER_COLUMNS, copy_households, insert, member_record
from quzhou_migrants.register.forms import HouseholdForm, MemberForm, NewHouseholdForm
from quzhou_migrants.register.import_check import known_of
from quzhou_migrants.register.permissions import P
from quzhou_migrants.register.rules import House, Known, Person, read_value
from quzhou_migrants.register.states import HOUSEHOLD
from quzhou_migrants.register.tables import Household as HouseholdTable
from quzhou_migrants.register.words import Household, Relation

TABLE: Final = "register_household"
NEEDED: Final = ("code", "division_code", "name")
_READ: Final = {"code": "household_code", "division_code": "village_code"}
_OWN: Final = ("code", "division_code", "reservoir", "moved_year", "phone", "bank_name", "bank_account")
SECRETS: Final = {
    "id": ("id_cipher", sealing.ID_PLACE),
    "bank": ("bank_cipher", sealing.BANK_PLACE),
    "phone": ("phone_cipher", sealing.PHONE_PLACE),
}


def range_of(tx: Tx) -> tuple[str, str]:
    """Give the range of codes of the post: all for the machine itself."""
    return code_range(tx.actor.division_code) if tx.actor.division_code else ("", "~")


def slips(known: Known, typed: Mapping[str, object]) -> list[Problem]:
    """List what the rules of a sheet say against typed values, beside their fields."""
    return _by_rules(known, typed)[1]


def _by_rules(known: Known, typed: Mapping[str, object]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for name in (*_OWN, "name", "resident_id"):
        text = str(typed.get(name) or "")
        if not text:
            continue
        value, problem = read_value(_READ.get(name, name), text, known)
        if problem is None:
            values[name] = value
        else:
            problems.append(Problem(problem.code, name, problem.facts))
    return values, problems


def _values(known: Known, form: HouseholdForm | MemberForm, needed: tuple[str, ...] = NEEDED) -> dict[str, Any]:
    """Read typed values by the rules of a sheet; empty ones are left out. Raises: Invalid with every problem."""
    typed = msgspec.structs.asdict(form)
    values, problems = _by_rules(known, typed)
    # A page refuses an empty field itself; a program may send one.
    problems += [Problem("REG-110", name) for name in needed if name in typed and not typed[name]]
    if problems:
        raise Invalid(problems)
    return values


async def _refuse_elsewhere(tx: Tx, code: str = "", number: str = "") -> None:
    """Refuse what another county holds. Raises: Refused REG-132, REG-133 with the county's name only."""
    blinds = [sealing.id_blind(number)] if number else []
    for row in await tx.conn.fetch("SELECT * FROM register_elsewhere($1, $2)", blinds, [code] if code else []):
        if row["code"]:
            raise Refused("REG-133", field="code", county=row["county"])
        raise Refused("REG-132", field="resident_id", county=row["county"])


@command(P.EDIT, audit="register.household.create")
async def create(tx: Tx, form: NewHouseholdForm) -> int:
    """Register a household with its head; answer its id.

    Raises: Invalid (fields), Refused REG-132, REG-133 (another county), REG-201, REG-202 (this one).
    """
    values = _values(await known_of(tx), form, (*NEEDED, "resident_id"))
    await _refuse_elsewhere(tx, values["code"], values["resident_id"])
    head = Person(values.pop("name"), Relation.HEAD, values.pop("resident_id"), form.migrant)
    house = House(support=form.support, low_income=form.low_income, people=(head,), **values)
    await copy_households(tx.conn, [house])
    key: int = await tx.conn.fetchval("SELECT id FROM register_household WHERE code = $1", house.code)
    await tx.note((TABLE, key, house.division_code), "register.household.create")
    return key


@command(P.EDIT, audit="register.household.update")
async def update(tx: Tx, key: int, form: HouseholdForm) -> None:
    """Change a household as it was seen; empty phone and account keep what is stored.

    Raises: Invalid (fields), Refused REG-203 (changed meanwhile), REG-208 (closed), REG-133, REG-201.
    """
    row = await _open(tx, key, form.version)
    values = _values(await known_of(tx), form)
    await _refuse_elsewhere(tx, values["code"])
    phone, bank = values.get("phone", ""), values.get("bank_account", "")
    await tx.conn.execute(
        "UPDATE register_household SET code = $2, division_code = $3, support = $4, low_income = $5, reservoir = $6,"
        " moved_year = $7, bank_name = $8, phone_cipher = $9, bank_cipher = $10, bank_blind = $11,"
        " version = version + 1, updated_at = now() WHERE id = $1",
        key, values["code"], values["division_code"], str(form.support), form.low_income, values.get("reservoir", ""),
        values.get("moved_year"), values.get("bank_name", ""),
        sealing.sealed(phone, sealing.PHONE_PLACE) or row["phone_cipher"],
        sealing.sealed(bank, sealing.BANK_PLACE) or row["bank_cipher"], sealing.bank_blind(bank) or row["bank_blind"],
    )  # fmt: skip
    if values["division_code"] != row["division_code"]:
        await tx.conn.execute(
            "UPDATE register_member SET division_code = $2, version = version + 1, updated_at = now()"
            " WHERE household = $1", key, values["division_code"],
        )  # fmt: skip
    await tx.note((TABLE, key, values["division_code"]), "register.household.update")


async def _open(tx: Tx, key: int, seen: int) -> dict[str, Any]:
    """Lock a household that may be changed. Raises: Refused KRN-404, REG-203, REG-208."""
    await tx.conn.execute("SELECT 1 FROM register_household WHERE id = $1 FOR UPDATE", key)
    row = await queries.household(tx, key)
    if row["state"] != Household.ACTIVE:
        raise Refused("REG-208")
    if row["version"] != seen:
        raise Refused("REG-203")
    return row


@command(P.EDIT, audit="register.member.create")
async def add_member(tx: Tx, household_id: int, form: MemberForm) -> None:
    """Register a person in a household. `form.version` is the household's.

    Raises: Invalid (fields), Refused REG-132, REG-202 (registered elsewhere), REG-203, REG-208.
    """
    row = await _open(tx, household_id, form.version)
    values = _values(await known_of(tx), form)
    if "resident_id" not in values:
        raise Refused("KRN-610", field="resident_id")
    await _refuse_elsewhere(tx, number=values["resident_id"])
    if form.relation is Relation.HEAD:
        await _step_back(tx, household_id)
    person = Person(values["name"], form.relation, values["resident_id"], form.migrant)
    record = member_record(household_id, row["division_code"], person)
    await insert(tx.conn, "register_member", MEMBER_COLUMNS, [record])
    await _recount(tx, row, "register.member.create", person.name)


@command(P.EDIT, audit="register.member.update")
async def change_member(tx: Tx, household_id: int, key: int, form: MemberForm) -> None:
    """Change a person as they were seen; an empty number keeps the stored one. `form.version` is the person's.

    Raises: Invalid (fields), Refused REG-132, REG-202, REG-203, REG-207 (a household needs its head), REG-208.
    """
    household = await _unlocked(tx, household_id)
    row = await queries.member(tx, household_id, key)
    if row["version"] != form.version:
        raise Refused("REG-203")
    if row["relation"] == Relation.HEAD and form.relation is not Relation.HEAD:
        raise Refused("REG-209", field="relation")
    values = _values(await known_of(tx), form)
    number = values.get("resident_id", "") or sealing.opened(row["id_cipher"], sealing.ID_PLACE)
    if "resident_id" in values:
        await _refuse_elsewhere(tx, number=number)
    if form.relation is Relation.HEAD and row["relation"] != Relation.HEAD:
        await _step_back(tx, household_id)
    await tx.conn.execute(
        "UPDATE register_member SET name = $2, relation = $3, migrant = $4, sex = $5, born_on = $6, id_cipher = $7,"
        " id_blind = $8, version = version + 1, updated_at = now() WHERE id = $1",
        key, values["name"], str(form.relation), form.migrant, sex_of(number), birth_of(number),
        sealing.sealed(number, sealing.ID_PLACE), sealing.id_blind(number),
    )  # fmt: skip
    await _recount(tx, household, "register.member.update", values["name"])


@command(P.EDIT, audit="register.member.leave")
async def remove_member(tx: Tx, household_id: int, key: int, seen: int, reason: str) -> None:
    """Let a person leave the household; the record stays. Raises: Refused REG-203, REG-207 (the head), REG-208."""
    household = await _unlocked(tx, household_id)
    row = await queries.member(tx, household_id, key)
    if row["version"] != seen:
        raise Refused("REG-203")
    if row["relation"] == Relation.HEAD:
        raise Refused("REG-207")
    await tx.conn.execute(
        "UPDATE register_member SET state = 'left', version = version + 1, updated_at = now() WHERE id = $1", key
    )
    await _recount(tx, household, "register.member.leave", row["name"], reason)


async def _unlocked(tx: Tx, household_id: int) -> dict[str, Any]:
    version = await tx.conn.fetchval("SELECT version FROM register_household WHERE id = $1", household_id)
    return await _open(tx, household_id, version or 0)


async def _step_back(tx: Tx, household_id: int) -> None:
    """Let the present head become an ordinary member: there is one head at a time."""
    await tx.conn.execute(
        "UPDATE register_member SET relation = 'other', version = version + 1, updated_at = now()"
        " WHERE household = $1 AND state = 'active' AND relation = 'head'", household_id,
    )  # fmt: skip


async def _recount(tx: Tx, row: Mapping[str, Any], verb: str, name: str, reason: str = "") -> None:
    """Bring what the household says of its people up to date, and note who was meant."""
    rows = await tx.conn.fetch(
        "SELECT name, relation, migrant FROM register_member WHERE household = $1 AND state = 'active'", row["id"]
    )
    head = next(r["name"] for r in rows if r["relation"] == Relation.HEAD)
    await tx.conn.execute(
        "UPDATE register_household SET head_name = $2, sort_key = $3, name_grams = $4, members = $5, migrants = $6,"
        " version = version + 1, updated_at = now() WHERE id = $1",
        row["id"], head, pinyin_key(head), bigrams_of(r["name"] for r in rows), len(rows),
        sum(r["migrant"] for r in rows),
    )  # fmt: skip
    await tx.note((TABLE, row["id"], row["division_code"]), verb, note=name, **({"reason": reason} if reason else {}))


@command(P.EDIT, audit="register.household.close")
async def close(tx: Tx, key: int, seen: int, reason: str) -> None:
    """Close a household: moved away, died out, struck off. Its people are free to be registered elsewhere."""
    row = await _open(tx, key, seen)
    await fire(tx, HOUSEHOLD, HouseholdTable, row, "close", reason=reason)
    await tx.conn.execute(
        "UPDATE register_member SET state = 'closed', version = version + 1, updated_at = now()"
        " WHERE household = $1 AND state = 'active'", key,
    )  # fmt: skip


@command(P.EDIT, audit="register.household.reopen")
async def reopen(tx: Tx, key: int, seen: int, reason: str) -> None:
    """Take a closed household up again with the people it had. Raises: Refused REG-202, REG-203."""
    row = await queries.household(tx, key)
    if row["version"] != seen:
        raise Refused("REG-203")
    await fire(tx, HOUSEHOLD, HouseholdTable, row, "reopen", reason=reason)
    await tx.conn.execute(
        "UPDATE register_member SET state = 'active', version = version + 1, updated_at = now()"
        " WHERE household = $1 AND state = 'closed'", key,
    )  # fmt: skip


async def holder_of(tx: Tx, household_id: int, what: str, member_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the household and the row that holds one of its numbers. Raises: Refused KRN-404, for no such number too."""
    if what not in SECRETS:
        raise Refused("KRN-404")
    row = await queries.household(tx, household_id)
    return row, await queries.member(tx, household_id, member_id) if what == "id" else row


@command(P.REVEAL, audit="register.reveal")
async def reveal(tx: Tx, household_id: int, what: str, member_id: int, reason: str) -> str:
    """Show one whole number to somebody who says why; the journal keeps who, what and why."""
    row, holder = await holder_of(tx, household_id, what, member_id)
    column, place = SECRETS[what]
    whose = f"{holder['name']} " if what == "id" else ""
    await tx.note((TABLE, household_id, row["division_code"]), f"register.reveal.{what}", note=whose, reason=reason)
    return sealing.opened(holder[column], place)
