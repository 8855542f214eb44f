"""All that upper packages may ask of the register: facts of households, never a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.rules import House, Person
from quzhou_migrants.register.words import Household, Relation, Support

__all__ = ["Counts", "House", "Household", "Person", "Relation", "Support", "copy_households", "counts", "names"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a division has in the register. Units: households, persons."""

    households: int
    people: int
    migrants: int
    low_income: int


async def counts(tx: Tx, lo: str, hi: str) -> Counts:
    """Count the households in force of a code range [lo, hi), as far as the post may see them."""
    row = await tx.conn.fetchrow(
        "SELECT count(*) AS households, coalesce(sum(members), 0)::int AS people,"
        " coalesce(sum(migrants), 0)::int AS migrants, count(*) FILTER (WHERE low_income) AS low_income"
        " FROM register_household WHERE state = 'active' AND division_code >= $1 AND division_code < $2", lo, hi,
    )  # fmt: skip
    return Counts(**dict(row))


async def names(tx: Tx, keys: Sequence[int]) -> dict[int, str]:
    """Give the heads' names of some households."""
    rows = await tx.conn.fetch("SELECT id, head_name FROM register_household WHERE id = ANY ($1::bigint[])", list(keys))
    return {row["id"]: row["head_name"] for row in rows}
