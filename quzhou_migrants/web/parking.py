"""Nothing typed is lost: a form that arrives after its session ended is kept until its owner signs in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request

from quzhou_migrants.accounts.parked import park
from quzhou_migrants.accounts.sessions import COOKIE, owner_of
from quzhou_migrants.web.framework import form_of

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler

PARKED = "parked"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def keep_what_was_sent(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Keep a form nobody is signed in for, just before the next guard refuses it; passwords are never kept.

    Stands as a guard because the framework answers exceptions without waiting for anything.
    Raises: what an over-long or broken body raises.
    """
    if not isinstance(connection, Request) or connection.method != "POST" or handler.opt.get("public"):
        return
    kind = connection.headers.get("content-type", "")
    if connection.scope["state"].get("actor") is not None or not kind.startswith(_FORMS):
        return
    sent = await form_of(connection)
    typed = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    if typed and not any("password" in name for name, _ in typed):
        owner = await owner_of(connection.cookies.get(COOKIE, ""))
        connection.scope["state"][PARKED] = await park(connection.url.path, typed, owner)
