"""Which addresses a post may open: a link to a door that stays shut is not drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from litestar.routes import HTTPRoute

if TYPE_CHECKING:
    from litestar import Litestar

    from quzhou_migrants.kernel.actor import Actor

Opens = Callable[[str], bool]
_NUMBER = re.compile(r"/\d+(?=/|$)")
_NAMED = re.compile(r"\{[^}]*:int\}")


def every_door(_address: str) -> bool:
    """Open everything: for lists that nobody in particular reads."""
    return True


def opens_for(app: Litestar, actor: Actor | None) -> Opens:
    """Give the function that tells whether somebody may open an address; what is no page of ours is not judged."""
    if "doors" not in app.state:
        app.state["doors"] = _doors(app)
    needs: dict[str, str] = app.state["doors"]
    held = actor.permissions if actor else frozenset()
    if "*" in held:
        return every_door

    def opens(address: str) -> bool:
        need = needs.get(kind_of(address.partition("?")[0]), "")
        return not need or need in held

    return opens


@lru_cache(maxsize=4096)
def kind_of(path: str) -> str:
    """Name the kind of a page: "/rounds/9/outcome" -> "/rounds/*/outcome"."""
    return _NUMBER.sub("/*", path)


def _doors(app: Litestar) -> dict[str, str]:
    """List what each kind of page needs, "" for what everybody signed in may open."""
    found: dict[str, Any] = {
        _NAMED.sub("*", route.path): handler.opt.get("needs", "")
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "GET" in handler.http_methods
    }
    return {kind: need or "" for kind, need in found.items()}
