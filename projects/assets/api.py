"""Asset cards for programs: what was built, whose it is, how it was found last."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from projects.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]


class AssetOut(msgspec.Struct, frozen=True):
    """An asset card. Units: fen."""

    id: int
    project: int
    number: str
    division_code: str
    name: str
    kind: str
    quantity: str
    value_fen: int
    operating: bool
    owners: list[str]
    caretaker: str
    in_use_on: date
    next_check_on: date
    state: str


class AssetsOut(msgspec.Struct, frozen=True):
    """A page of cards; `next` is the `after` of the following page, null at the end."""

    items: list[AssetOut]
    next: int | None


_PAGE = """
SELECT a.*, (SELECT array_agg(s.owner ORDER BY s.seq) FROM projects_asset_share s WHERE s.asset = a.id) AS owners
FROM projects_asset a WHERE a.id > $1 AND ($2 = '' OR a.state = $2) ORDER BY a.id LIMIT $3
"""


@get("/assets", opt=needs(P.VIEW))
async def assets(
    request: AnyRequest,
    in_state: Annotated[str, QueryParameter(pattern="^[a-z_]{0,24}$")] = "",
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> AssetsOut:
    """List asset cards of the caller's range by id."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(_PAGE, after, in_state, limit + 1)
    items = [AssetOut(**{name: r[name] for name in AssetOut.__struct_fields__}) for r in rows[:limit]]
    return AssetsOut(items, rows[limit - 1]["id"] if len(rows) > limit else None)


ROUTES = [assets]
