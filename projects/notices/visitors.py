"""The public's side: somebody who is not signed in objects, and asks later what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from projects.notices.queries import Row
from projects.permissions import P
from quzhou_migrants.kernel.actor import PUBLIC
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx, begin

if TYPE_CHECKING:
    from litestar import Request

    AnyRequest = Request[Any, Any, Any]


@asynccontextmanager
async def visitor_tx(request: AnyRequest, notice: Row, *, once: str | None = None) -> AsyncIterator[Tx]:
    """Open a transaction for a visitor who speaks about one notice: its division, one permission, nothing else.

    The notice comes from a public read, so only one that hangs or hung can be spoken about.
    """
    who = replace(PUBLIC, division_code=notice["division_code"], permissions=frozenset({str(P.TAKE_OBJECTION)}))
    request_id = request.scope["state"]["request_id"]
    async with begin(who, request_id=request_id, command=request.url.path, once=once) as tx:
        yield tx


async def by_receipt(tx: Tx, posting_id: int, receipt: str) -> Row:
    """Give what became of an objection, to who knows its receipt: state and answer, no person.

    Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow(
        "SELECT receipt, text, received_on, due_on, state, answer, ground, answered_on FROM projects_objection"
        " WHERE posting = $1 AND receipt = $2",
        posting_id,
        receipt.strip().upper(),
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)
