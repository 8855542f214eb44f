"""The register for programs: the same commands, numbers masked, failures as problem details."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from quzhou_migrants.kernel.grams import query_grams
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.register import queries, sealing, service
from quzhou_migrants.register.forms import HouseholdForm, NewHouseholdForm
from quzhou_migrants.register.permissions import P

AnyRequest = Request[Any, Any, Any]
Code12 = Annotated[str, Meta(pattern="^[0-9]{12}$")]


class MemberOut(msgspec.Struct, frozen=True):
    """A person of a household; the number is masked."""

    id: int
    name: str
    relation: str
    sex: str
    age: int
    resident_id_masked: str
    migrant: bool
    version: int


class HouseholdOut(msgspec.Struct, frozen=True):
    """A household without its people."""

    id: int
    code: str
    division_code: str
    head_name: str
    support: str
    low_income: bool
    members: int
    migrants: int
    reservoir: str
    moved_year: int | None
    state: str
    version: int
    is_demo: bool


class HouseholdFull(msgspec.Struct, frozen=True):
    """A household with its people; phone and account are masked."""

    household: HouseholdOut
    phone_masked: str
    bank_name: str
    bank_account_masked: str
    people: list[MemberOut]


class HouseholdsOut(msgspec.Struct, frozen=True):
    """A page of households; `next` is the `after` of the following page, null at the end."""

    items: list[HouseholdOut]
    next: int | None


class Saved(msgspec.Struct, frozen=True):
    """What was written."""

    id: int
    version: int


def _out(row: Any) -> HouseholdOut:  # noqa: ANN401 - a database row
    return HouseholdOut(*(row[name] for name in HouseholdOut.__struct_fields__))


_PAGE = """
SELECT * FROM register_household WHERE id > $1 AND ($2 = '' OR division_code = $2) AND name_grams @> $3
ORDER BY id LIMIT $4
"""


@get("/households", opt=needs(P.VIEW))
async def households(
    request: AnyRequest,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    village: Annotated[str, QueryParameter(max_length=12)] = "",
    name: Annotated[str, QueryParameter(max_length=60)] = "",
) -> HouseholdsOut:
    """List households of the post's range, by id; optionally of one village, or by a member's name."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(
            _PAGE, after, village.replace("\0", ""), query_grams(name.replace("\0", "")), limit + 1
        )
    items = [_out(row) for row in rows[:limit]]
    return HouseholdsOut(items, items[-1].id if len(rows) > limit else None)


@get("/households/{key:int}", opt=needs(P.VIEW))
async def household(request: AnyRequest, key: FromPath[int]) -> HouseholdFull:
    """Read one household with its people."""
    async with open_tx(request) as tx:
        row = await queries.household(tx, key)
        people = await queries.people(tx, row)
    return HouseholdFull(
        _out(row), sealing.masked_phone(row["phone_cipher"]), row["bank_name"], sealing.masked_bank(row["bank_cipher"]),
        [MemberOut(p.id, p.name, p.relation, p.sex, p.age, p.masked_id, p.migrant, p.version) for p in people],
    )  # fmt: skip


@post("/households", opt=needs(P.EDIT))
async def create(request: AnyRequest, data: JSONBody[NewHouseholdForm]) -> Saved:
    """Register a household with its head."""
    async with open_tx(request) as tx:
        key = await service.create(tx, data)
        return await _saved(tx, key)


@put("/households/{key:int}", opt=needs(P.EDIT))
async def update(request: AnyRequest, key: FromPath[int], data: JSONBody[HouseholdForm]) -> Saved:
    """Change a household; `version` is the one that was seen."""
    async with open_tx(request) as tx:
        await service.update(tx, key, data)
        return await _saved(tx, key)


async def _saved(tx: Tx, key: int) -> Saved:
    return Saved(key, await tx.conn.fetchval("SELECT version FROM register_household WHERE id = $1", key))


API = Router("/api/v1/register", route_handlers=[households, household, create, update], tags=["register"])
