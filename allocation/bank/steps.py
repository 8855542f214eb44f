"""One step from a button of a page of the bank room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.response import Response

from allocation.bank.forms import EmptyForm
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, read_form
from quzhou_migrants.web.render import see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Work = Callable[[Tx, int], Awaitable[object]]
Show = Callable[[AnyRequest, int, Form[Any]], Awaitable[Page]]


async def step(request: AnyRequest, key: int, work: Work, back: str, show: Show) -> Page:
    """Take one step and go back to the page; what is refused is said on the page, shown again."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, key)
            return see_other(await tx.done(back), flash=tx.command)
    return await show(request, key, form)
