"""Reads of single households: the household, its people, its past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.ids import age_on
from quzhou_migrants.kernel.journal import Entry, timeline
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import sealing

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as a page may show them: the age instead of the birth date, the number masked.

    The birth date beside a masked number would leave a handful of possible numbers.
    """

    id: int
    name: str
    relation: str
    sex: str
    age: int
    masked_id: str
    migrant: bool
    version: int
    is_demo: bool


async def household(tx: Tx, key: int) -> Row:
    """Read a household. Raises: Refused KRN-404, also for another county's."""
    row = await tx.conn.fetchrow("SELECT * FROM register_household WHERE id = $1", key)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def member(tx: Tx, household_id: int, key: int) -> Row:
    """Read a person in force of a household. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM register_member WHERE id = $1 AND household = $2 AND state = 'active'", key, household_id
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def people(tx: Tx, row: Row) -> list[PersonView]:
    """List the people of a household, the head first, then by age; of a closed one those it had."""
    rows = await tx.conn.fetch(
        "SELECT * FROM register_member WHERE household = $1 AND state = $2 ORDER BY relation <> 'head', born_on, id",
        row["id"], row["state"],
    )  # fmt: skip
    return [person_view(person, tx.today) for person in rows]


def person_view(row: Any, today: date) -> PersonView:  # noqa: ANN401 - a database row
    """Make of a row what may be shown."""
    return PersonView(
        row["id"], row["name"], row["relation"], row["sex"], age_on(row["born_on"], today),
        sealing.masked_id(row["id_cipher"]), row["migrant"], row["version"], row["is_demo"],
    )  # fmt: skip


async def history(tx: Tx, household_id: int) -> list[Entry]:
    """Read the timeline of a household: its journal, and the imports that wrote it, from the change log."""
    rows = await tx.conn.fetch(
        "SELECT c.op, i.id, coalesce(i.applied_at, i.created_at) AS at, i.created_name, i.actor->>'title' AS title"
        " FROM kernel_change c JOIN register_import i ON c.request_id = 'import-' || i.id"
        " WHERE c.table_name = 'register_household' AND c.row_id = $1 AND c.command = 'register.import'"
        " ORDER BY c.id DESC LIMIT 50", str(household_id),
    )  # fmt: skip
    imported = [_import_entry(row) for row in rows]
    return sorted(
        [*await timeline(tx, "register_household", household_id), *imported], key=lambda e: e.at, reverse=True
    )


def _import_entry(row: Any) -> Entry:  # noqa: ANN401 - a database row
    note = CATALOGUE.text("register.import_no").format(number=row["id"])
    verb = CATALOGUE.verb(f"register.household.import.{row['op']}")
    return Entry(shanghai(row["at"]), row["created_name"], row["title"] or "", verb, "", "", "", {"note": note})
