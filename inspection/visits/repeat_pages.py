"""What the city sees of pictures that turned up in two counties."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from inspection.permissions import P
from inspection.visits import repeats
from quzhou_migrants.kernel.fingerprint import BITS
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@get("/visits/repeats", opt=needs(P.REPEATS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the pictures that another county had used before."""
    return await repeats.REPEATS.respond(request, "inspection/visits/repeats.html")


@get("/visits/repeats/{repeat_id:int}", opt=needs(P.REPEATS), include_in_schema=False)
async def compared(request: AnyRequest, repeat_id: FromPath[int]) -> Page:
    """Show both pictures beside each other."""
    async with open_tx(request) as tx:
        row, known = await repeats.find_repeat(tx, repeat_id), await places(tx)
    sides = [
        {key: row[name + key] for key in ("file", "taken_at", "visit", "received_at", "inspector", "state", "title")}
        | {"place": _full(known, row[f"{name}place"]), "first": bool(name)}
        for name in ("", "earlier_")
    ]
    return render(request, "inspection/visits/repeat.html", row=row, sides=sides, bits=BITS)


def _full(known: Places, code: str) -> str:
    return " ".join(known.name(part) for part in known.path(code))


ROUTES = [listed, compared]
