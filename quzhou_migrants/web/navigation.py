"""What stands in the side navigation and the search box, for one post."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar.routes import HTTPRoute

from quzhou_migrants.kernel.actor import Actor

if TYPE_CHECKING:
    from litestar import Litestar

_FILE = Path(__file__).with_name("navigation.zh.toml")


@dataclass(frozen=True, slots=True)
class Link:
    """One entry; `needs` is the permission of the page it opens ("" = anybody signed in)."""

    title: str
    url: str
    needs: str
    key: str = ""


@dataclass(frozen=True, slots=True, eq=False)  # by identity: one object per set of permissions
class Menu:
    """The navigation of one post, and where its searches may lead."""

    pillars: tuple[tuple[str, tuple[Link, ...]], ...]
    find: tuple[Link, ...]
    public: tuple[Link, ...] = ()  # pages open to everybody
    urls: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the addresses once: every page asks which of them it belongs to."""
        object.__setattr__(self, "urls", frozenset(link.url for _, links in self.pillars for link in links))

    def current(self, path: str) -> str:
        """Answer the address of the entry a page belongs to: the longest that the path begins with."""
        while path and path not in self.urls:
            path = path.rpartition("/")[0]
        return path


def menu_for(app: Litestar, actor: Actor) -> Menu:
    """Give what the post may open, of the pages that this application has."""
    if "menu" not in app.state:
        app.state["menu"] = _whole(app)
    return _held(app.state["menu"], actor.permissions)


def _whole(app: Litestar) -> Menu:
    """Read the file and keep the entries whose page exists, each with its route's permission."""
    opts: dict[str, dict[str, Any]] = {
        route.path: handler.opt
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if "GET" in handler.http_methods
    }
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))

    def links(entries: list[dict[str, str]]) -> tuple[Link, ...]:
        return tuple(
            Link(e["title"], e["url"], str(opts[e["url"]].get("needs", "")), e.get("key", ""))
            for e in entries
            if e["url"] in opts
        )

    return Menu(
        tuple((p["title"], links(p["items"])) for p in read["pillar"]),
        links(read["find"]),
        links(read["public"]),
    )


@lru_cache(maxsize=256)
def _held(menu: Menu, permissions: frozenset[str]) -> Menu:
    """Keep what the post may open, and no empty pillar."""

    def mine(links: tuple[Link, ...]) -> tuple[Link, ...]:
        return tuple(link for link in links if not link.needs or link.needs in permissions)

    pillars = tuple((title, mine(links)) for title, links in menu.pillars if mine(links))
    return Menu(pillars, mine(menu.find), menu.public)
