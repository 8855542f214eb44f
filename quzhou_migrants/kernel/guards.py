"""Default deny: a route names the permission it needs, or says that it is public; anything else is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler


class SignInNeeded(Exception):  # noqa: N818 - an answer to the visitor, not a fault
    """Nobody is signed in, or the session ended."""


class PasswordChangeNeeded(Exception):  # noqa: N818 - an answer to the visitor, not a fault
    """The first password is still in use: one's own account page is all there is."""


def needs(permission: str) -> dict[str, Any]:
    """Route option: only posts that carry the permission."""
    return {"needs": str(permission)}


def signed_in() -> dict[str, Any]:
    """Route option: anybody who is signed in (home page, files)."""
    return {"needs": ""}


def own_account() -> dict[str, Any]:
    """Route option: anybody who is signed in, also with a first password that is still to be changed."""
    return {"needs": "", "first_password": True}


def public() -> dict[str, Any]:
    """Route option: no sign-in; the page must show no personal data."""
    return {"public": True}


async def default_deny(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse undeclared routes, visitors where sign-in is needed, posts without the permission.

    It awaits nothing, but the framework would run a plain function in a thread, for every request.
    Raises: SignInNeeded, PasswordChangeNeeded, Refused KRN-403.
    """
    if handler.opt.get("public") is True:
        return
    need = handler.opt.get("needs")
    if need is None:
        raise Refused("KRN-403", need=handler.name or "")
    actor: Actor | None = connection.scope["state"].get("actor")
    if actor is None:
        raise SignInNeeded
    if actor.must_change_password and not handler.opt.get("first_password"):
        raise PasswordChangeNeeded
    if need and not actor.may(need):
        raise Refused("KRN-403", need=CATALOGUE.permission(need))
