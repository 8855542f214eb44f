"""Households by the hundred thousand: COPY into a temporary table, then one INSERT behind the walls.

COPY itself is not allowed into tables under row-level security; the detour costs about a fifth.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from quzhou_migrants.kernel.grams import bigrams_of, pinyin_key
from quzhou_migrants.kernel.ids import birth_of, sex_of
from quzhou_migrants.register import sealing
from quzhou_migrants.register.rules import House, Person

CHUNK: Final = 4_000
SECONDS: Final = 300.0
HOUSEHOLD_COLUMNS: Final = (
    "id", "code", "division_code", "head_name", "sort_key", "name_grams", "support", "low_income", "members",
    "migrants", "reservoir", "moved_year", "phone_cipher", "bank_name", "bank_cipher", "bank_blind",
    "state", "version", "is_demo",
)  # fmt: skip
MEMBER_COLUMNS: Final = (
    "household", "division_code", "name", "relation", "sex", "born_on", "id_cipher", "id_blind",
    "migrant", "state", "version", "is_demo",
)  # fmt: skip


async def copy_households(conn: Any, rows: Iterable[House]) -> int:  # noqa: ANN401 - asyncpg has no types
    """Write new households with their people; memory stays at one chunk whatever their number.

    Shape: how many households were written. Raises: the database's unique violations (REG-201, REG-202).
    """
    count, rest = 0, iter(rows)
    await plan_once(conn)
    while chunk := list(islice(rest, CHUNK)):
        ids = await reserve_ids(conn, len(chunk))
        households, members = await asyncio.to_thread(records, ids, chunk)
        await insert(conn, "register_household", HOUSEHOLD_COLUMNS, households)
        await insert(conn, "register_member", MEMBER_COLUMNS, members)
        count += len(chunk)
    return count


async def reserve_ids(conn: Any, count: int) -> list[int]:  # noqa: ANN401 - asyncpg has no types
    """Take ids for new households from their sequence, so that their people can name them."""
    rows = await conn.fetch("SELECT nextval('register_household_id_seq') AS id FROM generate_series(1, $1)", count)
    return [row["id"] for row in rows]


def records(ids: Sequence[int], houses: Sequence[House]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Seal and fold a chunk. Shape: (households, members); done in a thread, so that nobody's page waits for it."""
    pairs = list(zip(ids, houses, strict=True))
    members = [member_record(i, h.division_code, p) for i, h in pairs for p in h.people]
    return [household_record(i, h) for i, h in pairs], members


async def plan_once(conn: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    """Let the checks of foreign keys be planned once for this transaction, not for every row: a fifth of an insert."""
    await conn.execute("SET LOCAL plan_cache_mode = auto")


async def insert(
    conn: Any,  # noqa: ANN401 - asyncpg has no types
    table: str,
    columns: Sequence[str],
    records: Iterable[tuple[Any, ...]] | AsyncIterable[tuple[Any, ...]],
) -> None:
    """Insert many records into a walled table by COPY."""
    draft, names = f"copy_{table}", ", ".join(columns)
    await conn.execute(f"CREATE TEMP TABLE {draft} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608 - our own names
    await conn.copy_records_to_table(draft, records=records, columns=columns, timeout=SECONDS)
    await conn.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {draft}", timeout=SECONDS)  # noqa: S608 - our own names
    await conn.execute(f"DROP TABLE {draft}")


async def replace(
    conn: Any,  # noqa: ANN401 - asyncpg has no types
    table: str,
    columns: Sequence[str],
    records: Iterable[tuple[Any, ...]],
) -> None:
    """Update many rows by id from COPY, counting their versions up; the first column is the id."""
    draft, names = f"copy_{table}", ", ".join(columns)
    sets = ", ".join(f"{c} = d.{c}" for c in columns[1:])
    await conn.execute(f"CREATE TEMP TABLE {draft} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608 - our own names
    await conn.copy_records_to_table(draft, records=records, columns=columns, timeout=SECONDS)
    await conn.execute(
        f"UPDATE {table} t SET {sets}, version = t.version + 1, updated_at = now() FROM {draft} d WHERE t.id = d.id",  # noqa: S608 - our own names
        timeout=SECONDS,
    )
    await conn.execute(f"DROP TABLE {draft}")


def household_record(key: int, house: House) -> tuple[Any, ...]:
    """Give the values of a new household, in the order of HOUSEHOLD_COLUMNS."""
    head = house.head.name
    people = house.people
    return (
        key, house.code, house.division_code, head, pinyin_key(head), bigrams_of(p.name for p in people),
        str(house.support), house.low_income, len(people), sum(p.migrant for p in people), house.reservoir,
        house.moved_year, sealing.sealed(house.phone, sealing.PHONE_PLACE),
        house.bank_name, sealing.sealed(house.bank_account, sealing.BANK_PLACE),
        sealing.bank_blind(house.bank_account), "active", 1, any(p.is_demo for p in people),
    )  # fmt: skip


def member_record(household: int, division_code: str, person: Person) -> tuple[Any, ...]:
    """Give the values of a new member, in the order of MEMBER_COLUMNS; birth and sex come from the number."""
    number = person.resident_id
    return (
        household, division_code, person.name, str(person.relation), sex_of(number),
        birth_of(number), sealing.sealed(number, sealing.ID_PLACE), sealing.id_blind(number),
        person.migrant, "active", 1, person.is_demo,
    )  # fmt: skip
