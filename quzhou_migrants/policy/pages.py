"""Every parameter in force on a day, and the history of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.policy import Param
from quzhou_migrants.kernel.tx import Tx, installed_packs, open_tx
from quzhou_migrants.policy.show import room_title, shown, titled, written
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: a day, a division of the range, a room, only the unconfirmed."""

    day: date
    division: str
    room: str
    unconfirmed: bool


async def _counties(tx: Tx) -> list[tuple[str, str]]:
    """List the divisions whose rules the page can show: the city and its counties."""
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE level IN ('city', 'county') AND active ORDER BY code"
    )
    return [(row["code"], row["name"]) for row in rows]


def _asked(request: AnyRequest, tx: Tx, places: Iterable[str]) -> Asked:
    """Read the address; what cannot be read is as if it had not been asked."""
    asked = request.query_params
    try:
        day = date.fromisoformat(asked.get("on", ""))
    except ValueError:
        day = tx.today
    division = asked.get("division", "")
    # Villages and townships have no packs of their own: what holds there is what holds in the county.
    own = tx.actor.division_code[:6].ljust(12, "0")
    return Asked(day, division if division in places else own, asked.get("room", ""), asked.get("unconfirmed") == "on")


@get("/policy", opt=needs(P.VIEW_POLICY))
async def in_force(request: AnyRequest) -> Response[bytes]:
    """List what is in force on a day, room by room."""
    async with open_tx(request) as tx:
        counties = await _counties(tx)
        asked = _asked(request, tx, dict(counties))
    policies = installed_packs().at(asked.day, asked.division)
    every = [param for param in policies if not (asked.unconfirmed and param.confirmed)]
    rooms: dict[str, list[Param]] = {}
    for param in every:
        if asked.room in {"", param.room}:
            rooms.setdefault(param.room, []).append(param)
    return render(
        request, "policy/in_force.html", asked=asked, counties=counties, rooms=rooms, policies=policies,
        all_rooms=sorted({param.room for param in policies}), room_title=room_title, shown=shown, titled=titled,
        written=written, unconfirmed=sum(not param.confirmed for param in policies),
    )  # fmt: skip


@get("/policy/{key:str}", opt=needs(P.VIEW_POLICY))
async def history(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
    """Show every value a parameter ever had, the newest first. Raises: Refused POL-130."""
    async with open_tx(request) as tx:
        asked = _asked(request, tx, dict(await _counties(tx)))
    values = installed_packs().history(key, asked.division)
    if not values:
        raise Refused("POL-130")
    current = installed_packs().at(asked.day, asked.division).params.get(key)
    return render(
        request, "policy/history.html", key=key, values=values, current=current, asked=asked,
        room_title=room_title, shown=shown, titled=titled, written=written,
    )  # fmt: skip


ROUTES = [in_force, history]
