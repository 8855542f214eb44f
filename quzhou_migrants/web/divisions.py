"""Names and places of divisions, kept in memory: the map changes a few times a year, lists ask every second."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quzhou_migrants.kernel.actor import ancestors, trimmed

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Places:
    """The map: names by code, codes by parent."""

    names: dict[str, str]
    children: dict[str, list[str]]

    def name(self, code: str) -> str:
        """Name a division; an unknown code is shown as itself."""
        return self.names.get(code, code)

    def path(self, code: str, top: str = "") -> list[str]:
        """List the divisions from `top` (not included) down to this one."""
        above = [c for c in reversed(ancestors(code)) if c in self.names]
        return above[above.index(top) + 1 :] if top in above else above

    def options(self, top: str, chosen: str) -> list[tuple[str, str, int]]:
        """Offer a way down: what lies between `top` and the choice, then one level below it.

        Shape: [(code, name, depth)].
        """
        way = self.path(chosen, top) if chosen else []
        here = chosen if way else top
        below = [(c, self.names[c], len(way)) for c in self.children.get(here, ())]
        return [(c, self.names[c], depth) for depth, c in enumerate(way)] + below


CODE_DIGITS = 12


def asked(typed: str, own: str) -> str:
    """Read a division that an address names; what is none, or lies outside one's own, falls back to one's own."""
    sane = len(typed) == CODE_DIGITS and typed.isascii() and typed.isdecimal()
    return typed if sane and typed.startswith(trimmed(own)) else own


_EMPTY = Places({}, {})
_cache: tuple[float, Places] = (-FRESH_SECONDS, _EMPTY)


async def places(tx: Tx) -> Places:
    """Give the map, at most a minute old."""
    global _cache  # noqa: PLW0603 - one map per process
    read_at, known = _cache
    if time.monotonic() - read_at < FRESH_SECONDS and known.names:
        return known
    rows = await tx.conn.fetch("SELECT code, name, parent_code, active FROM kernel_division ORDER BY code")
    names = {r["code"]: r["name"] for r in rows}  # those that are no more too: history keeps their names
    children: dict[str, list[str]] = {}
    for r in rows:
        if r["active"]:
            children.setdefault(r["parent_code"], []).append(r["code"])
    known = Places(names, children)
    _cache = (time.monotonic(), known)
    return known
