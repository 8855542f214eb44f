"""Write judged households into the register: new ones by COPY, known ones by one UPDATE per chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quzhou_migrants.kernel.grams import bigrams_of, pinyin_key
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import sealing
from quzhou_migrants.register.bulk import (
    HOUSEHOLD_COLUMNS,
    MEMBER_COLUMNS,
    insert,
    member_record,
    records,
    replace,
    reserve_ids,
)
from quzhou_migrants.register.import_check import Verdict
from quzhou_migrants.register.rules import House
from quzhou_migrants.register.words import Outcome, Relation

CHANGED: Final = (
    "id", "division_code", "head_name", "sort_key", "name_grams", "support", "low_income", "members", "migrants",
    "reservoir", "moved_year", "phone_cipher", "bank_name", "bank_cipher", "bank_blind", "is_demo",
)  # fmt: skip
MEMBER_CHANGED: Final = ("id", "division_code", "name", "relation", "migrant")


Records = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything one chunk writes, sealed and folded. Shape: `heads` (households, blind index of their new heads)."""

    households: Records
    members: Records
    heads: tuple[list[int], list[bytes]]
    members_changed: Records
    members_new: Records
    households_changed: Records


async def prepare(tx: Tx, verdicts: Sequence[Verdict]) -> asyncio.Task[Prepared]:
    """Begin to seal and fold a chunk in a thread, while the database writes the chunk before it."""
    new = [v.house for v in verdicts if v.outcome is Outcome.NEW and v.house]
    known = [v for v in verdicts if v.outcome is Outcome.UPDATE]
    ids = await reserve_ids(tx.conn, len(new))
    return asyncio.create_task(asyncio.to_thread(_prepare, ids, new, known))


def _prepare(ids: Sequence[int], new: Sequence[House], known: Sequence[Verdict]) -> Prepared:
    households, members = records(ids, new)
    parts = [_parts(v) for v in known]
    return Prepared(
        households,
        members,
        ([row["id"] for _, row in parts], [sealing.id_blind(house.head.resident_id) for house, _ in parts]),
        [r for v in known for r in _members_changed(v)],
        [r for v in known for r in _members_new(v)],
        [_household_changed(v) for v in known],
    )


async def write(tx: Tx, chunk: Prepared) -> None:
    """Write a prepared chunk.

    The change log already says who brought a household in by which import, so no journal line is
    written for each; a household's page reads it from there.
    """
    await insert(tx.conn, "register_household", HOUSEHOLD_COLUMNS, chunk.households)
    await insert(tx.conn, "register_member", MEMBER_COLUMNS, chunk.members)
    if not chunk.households_changed:
        return
    # One head at a time: the old one steps back before the new one steps up.
    await tx.conn.execute(
        "UPDATE register_member SET relation = 'other', version = version + 1 WHERE household = ANY ($1::bigint[])"
        " AND state = 'active' AND relation = 'head' AND id_blind <> ALL ($2::bytea[])", *chunk.heads,
    )  # fmt: skip
    await replace(tx.conn, "register_member", MEMBER_CHANGED, chunk.members_changed)
    await insert(tx.conn, "register_member", MEMBER_COLUMNS, chunk.members_new)
    await replace(tx.conn, "register_household", CHANGED, chunk.households_changed)


def _parts(verdict: Verdict) -> tuple[House, Any]:
    if verdict.house is None or verdict.row is None:
        raise ValueError(verdict.code)
    return verdict.house, verdict.row


def _members_changed(verdict: Verdict) -> Iterable[tuple[Any, ...]]:
    house, _ = _parts(verdict)
    told = {sealing.id_blind(p.resident_id): p for p in house.people}
    for blind, member in verdict.people.items():
        person = told.get(blind)
        name = person.name if person else member["name"]
        relation = str(person.relation) if person else member["relation"]
        if not person and relation == Relation.HEAD:
            relation = str(Relation.OTHER)
        migrant = person.migrant if person else member["migrant"]
        yield member["id"], house.division_code, name, relation, migrant


def _members_new(verdict: Verdict) -> Iterable[tuple[Any, ...]]:
    house, row = _parts(verdict)
    for person in house.people:
        if sealing.id_blind(person.resident_id) not in verdict.people:
            yield member_record(row["id"], house.division_code, person)


def _household_changed(verdict: Verdict) -> tuple[Any, ...]:
    """Give the household as it will stand: what the sheet gave, else what the register holds."""
    house, row = _parts(verdict)
    told = {sealing.id_blind(p.resident_id): p for p in house.people}
    kept = [m for blind, m in verdict.people.items() if blind not in told]
    names = [*(p.name for p in house.people), *(m["name"] for m in kept)]
    migrants = sum(p.migrant for p in house.people) + sum(m["migrant"] for m in kept)
    own = {key: getattr(house, key) if key in house.given else row[key] for key in
           ("support", "low_income", "reservoir", "moved_year", "bank_name")}  # fmt: skip
    phone, bank = "phone" in house.given, "bank_account" in house.given
    head = house.head.name
    return (
        row["id"], house.division_code, head, pinyin_key(head), bigrams_of(names), str(own["support"]),
        own["low_income"], len(names), migrants, own["reservoir"], own["moved_year"],
        sealing.sealed(house.phone, sealing.PHONE_PLACE) if phone else row["phone_cipher"],  own["bank_name"],
        sealing.sealed(house.bank_account, sealing.BANK_PLACE) if bank else row["bank_cipher"],
        sealing.bank_blind(house.bank_account) if bank else row["bank_blind"],
        row["is_demo"] or any(p.is_demo for p in house.people),
    )  # fmt: skip
