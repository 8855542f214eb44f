"""Judge the households of a sheet: against the rules, against each other, against the register.

The same judgement runs twice: once to report, once again in the moment of writing, because the
register may have changed in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import msgspec

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.import_upload import ALONE
from quzhou_migrants.register.rules import MOST_PEOPLE, House, Known, Slip, gather, read_line
from quzhou_migrants.register.sealing import PHONE_PLACE, ROW_PLACE, bank_blind, id_blind, opened
from quzhou_migrants.register.words import Household, Outcome

Record = Mapping[str, Any]
CHUNK: Final = 4_000
_CELLS: Final = msgspec.json.Decoder(list[str])
COMPARED: Final = ("division_code", "support", "low_income", "reservoir", "moved_year", "bank_name")


@dataclass(slots=True)
class Verdict:
    """What becomes of one household of a sheet.

    Shape: `row` the household as it stands in the register, `people` its members by blind index.
    """

    code: str
    row_nos: list[int]
    house: House | None
    slips: list[Slip]
    outcome: Outcome = Outcome.BAD
    row: Record | None = None
    people: dict[bytes, Record] = field(default_factory=dict)


async def next_rows(tx: Tx, import_id: int, after: str) -> list[Record]:
    """Read the next rows of a sheet, whole households only, in the order of their codes."""
    rows: list[Record] = await tx.conn.fetch(
        "SELECT row_no, household_code, id_blind, cells FROM register_import_row"
        " WHERE import_id = $1 AND household_code > $2 ORDER BY household_code, row_no LIMIT $3",
        import_id, after, CHUNK,
    )  # fmt: skip
    if len(rows) < CHUNK:
        return rows
    cut = rows[-1]["household_code"]
    return [row for row in rows if row["household_code"] != cut]


async def known_of(tx: Tx) -> Known:
    """Gather what a sheet is read against: today, the villages of the range, whether this is a demonstration."""
    lo, hi = code_range(tx.actor.division_code)
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE level = 'village' AND active AND code >= $1 AND code < $2", lo, hi
    )
    return Known(tx.today, tx.actor.is_demo, {r["code"]: r["name"] for r in rows}, lo, hi)


async def judged(
    tx: Tx, row: Record, after: str = "", most: int | None = None
) -> AsyncGenerator[tuple[list[Record], list[Verdict]], None]:
    """Judge a sheet chunk by chunk, at most so many; a thread reads ahead while the database works."""
    key, places, known = row["id"], json.loads(row["header"])["places"], await known_of(tx)
    rows = await next_rows(tx, key, after)
    reading = asyncio.create_task(asyncio.to_thread(_read, rows, places, known))
    count = 0
    while rows:
        count += 1
        read, here = await reading, rows
        rows = [] if count == most else await next_rows(tx, key, here[-1]["household_code"])
        reading = asyncio.create_task(asyncio.to_thread(_read, rows, places, known))
        yield here, await judge(tx, key, here, read)
    await reading


async def judge(tx: Tx, import_id: int, rows: Sequence[Record], verdicts: list[Verdict]) -> list[Verdict]:
    """Judge some whole households against the sheet and the register. Six queries, however many."""
    blinds = [row["id_blind"] for row in rows if row["id_blind"]]
    told = _Told(rows, await _taken(tx, import_id, blinds, [v.code for v in verdicts]))
    for verdict in verdicts:
        told.judge(verdict)
    return verdicts


def _read(rows: Sequence[Record], places: Mapping[str, int], known: Known) -> list[Verdict]:
    """Open and read rows; pure work, done beside the event loop."""
    verdicts = []
    for code, group in groupby(rows, key=lambda row: row["household_code"]):
        members = list(group)
        lines = [read_line(r["row_no"], _CELLS.decode(unseal(r["cells"], ROW_PLACE)), places, known) for r in members]
        if code.startswith(ALONE):
            crowd = [
                Slip(line.row_no, "household_code", "REG-124", {"most": MOST_PEOPLE})
                for line in lines if "household_code" in line.values
            ]  # fmt: skip
            house, slips = None, [*(slip for line in lines for slip in line.slips), *crowd]
        else:
            house, slips = gather(lines)
        verdicts.append(Verdict(code, [r["row_no"] for r in members], house, slips))
    return verdicts


@dataclass(slots=True)
class _Taken:
    """What the register and the rest of the sheet say of some numbers and codes."""

    twins: dict[bytes, list[int]]
    people: dict[bytes, Record]
    households: dict[str, Record]
    members: dict[int, dict[bytes, Record]]
    counties: dict[bytes | str, str]


async def _taken(tx: Tx, import_id: int, blinds: list[bytes], codes: list[str]) -> _Taken:
    twins = await tx.conn.fetch(
        "SELECT id_blind, array_agg(row_no ORDER BY row_no) AS rows FROM register_import_row"
        " WHERE import_id = $1 AND id_blind = ANY ($2::bytea[]) GROUP BY id_blind HAVING count(*) > 1",
        import_id, blinds,
    )  # fmt: skip
    people = await tx.conn.fetch(
        "SELECT m.id_blind, h.code, d.name AS village FROM register_member m"
        " JOIN register_household h ON h.id = m.household JOIN kernel_division d ON d.code = m.division_code"
        " WHERE m.id_blind = ANY ($1::bytea[]) AND m.state = 'active'", blinds,
    )  # fmt: skip
    households = await tx.conn.fetch("SELECT * FROM register_household WHERE code = ANY ($1::text[])", codes)
    members = await tx.conn.fetch(
        "SELECT id, household, name, relation, migrant, id_blind, is_demo FROM register_member"
        " WHERE household = ANY ($1::bigint[]) AND state = 'active'", [h["id"] for h in households],
    )  # fmt: skip
    elsewhere = await tx.conn.fetch("SELECT * FROM register_elsewhere($1, $2)", blinds, codes)
    by_household: dict[int, dict[bytes, Record]] = {h["id"]: {} for h in households}
    for member in members:
        by_household[member["household"]][member["id_blind"]] = member
    return _Taken(
        {r["id_blind"]: r["rows"] for r in twins}, {r["id_blind"]: r for r in people},
        {h["code"]: h for h in households}, by_household,
        {r["id_blind"] or r["code"]: r["county"] for r in elsewhere},
    )  # fmt: skip


class _Told:
    """Judges one household after the other by what was looked up for all."""

    def __init__(self, rows: Sequence[Record], taken: _Taken) -> None:
        self._blinds = {row["row_no"]: row["id_blind"] for row in rows}
        self._taken = taken

    def judge(self, verdict: Verdict) -> None:
        found = [*self._slips(verdict)]
        if found:
            wrong = {slip.row_no for slip in (*verdict.slips, *found)}
            spoken = {slip.row_no for slip in verdict.slips}
            found += [
                Slip(n, "", "REG-125", {"rows": sorted(wrong)})
                for n in verdict.row_nos if n not in wrong and n not in spoken
            ]  # fmt: skip
        verdict.slips += found
        if verdict.slips or verdict.house is None:
            return
        verdict.row = self._taken.households.get(verdict.code)
        if verdict.row is None:
            verdict.outcome = Outcome.NEW
            return
        verdict.people = self._taken.members[verdict.row["id"]]
        changes = differences(verdict.house, verdict.row, verdict.people)
        verdict.outcome = Outcome.UPDATE if changes else Outcome.SAME
        verdict.slips += _notices(verdict, changes)

    def _slips(self, verdict: Verdict) -> Iterable[Slip]:
        taken = self._taken
        row = taken.households.get(verdict.code)
        if row is not None and row["state"] == Household.CLOSED:
            yield Slip(verdict.row_nos[0], "household_code", "REG-134")
        if verdict.code in taken.counties:
            yield Slip(verdict.row_nos[0], "household_code", "REG-133", {"county": taken.counties[verdict.code]})
        for row_no in verdict.row_nos:
            blind = self._blinds[row_no]
            if blind is None:
                continue
            here = taken.people.get(blind)
            if blind in taken.twins:
                others = [n for n in taken.twins[blind] if n != row_no][:10]
                yield Slip(row_no, "resident_id", "REG-130", {"rows": others})
            if here is not None and here["code"] != verdict.code:
                facts = {"code": here["code"], "village": here["village"]}
                yield Slip(row_no, "resident_id", "REG-131", facts)
            if blind in taken.counties:
                yield Slip(row_no, "resident_id", "REG-132", {"county": taken.counties[blind]})


def differences(house: House, row: Record, people: Mapping[bytes, Record]) -> list[str]:
    """List what a sheet would change in a household: keys of columns, "+name" for a new person.

    An empty cell changes nothing, and nobody is removed by being absent.
    """
    given = house.given | {"division_code"}
    changed: list[str] = [key for key in COMPARED if key in given and getattr(house, key) != row[key]]
    if "phone" in given and house.phone != opened(row["phone_cipher"], PHONE_PLACE):
        changed.append("phone")
    if "bank_account" in given and bank_blind(house.bank_account) != row["bank_blind"]:
        changed.append("bank_account")
    for person in house.people:
        member = people.get(id_blind(person.resident_id))
        if member is None:
            changed.append(f"+{person.name}")
        elif (person.name, person.relation, person.migrant) != (member["name"], member["relation"], member["migrant"]):
            changed.append(f"={person.name}")
    return changed


def _notices(verdict: Verdict, changes: list[str]) -> Iterable[Slip]:
    first = verdict.row_nos[0]
    if changes:
        yield Slip(first, "", "REG-140", {"changes": changes}, bad=False)
    blinds = {id_blind(p.resident_id) for p in verdict.house.people} if verdict.house else set()
    kept = [member["name"] for blind, member in verdict.people.items() if blind not in blinds]
    if kept:
        yield Slip(first, "", "REG-141", {"names": "、".join(kept)}, bad=False)
