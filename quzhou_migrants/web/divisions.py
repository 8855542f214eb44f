"""Names and places of divisions, kept in memory: the map changes a few times a year, lists ask every second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from quzhou_migrants.kernel.actor import ancestors, trimmed
from quzhou_migrants.kernel.grams import fold

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

FRESH_SECONDS = 60.0
SHORTEST_NAME = 2  # characters of a searched place; one alone is a surname
CODE_DIGITS = 12
COUNTY_DIGITS = 6
MOST_NAMED = 100  # villages one search may mean: a text found in more names tells no place


@dataclass(frozen=True)
class Places:
    """The map: names by code, codes by parent."""

    names: dict[str, str]
    children: dict[str, list[str]]

    @cached_property
    def _lines(self) -> str:
        """Write the places below counties as one text, a line each: name, tab, code. One search of it asks all."""
        below = [(fold(name), code) for code, name in self.names.items() if len(trimmed(code)) > COUNTY_DIGITS]
        return "".join(f"{name}\t{code}\n" for name, code in below)

    def _named(self, part: str) -> Iterator[str]:
        """Give the codes of the places whose name has this part."""
        at = self._lines.find(part)
        while at >= 0:
            end = self._lines.index("\n", at)
            if self._lines.find("\t", at + len(part), end) >= 0:  # else it was found in the code
                yield self._lines[end - CODE_DIGITS : end]
            at = self._lines.find(part, end)

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

    def villages_named(self, text: str, within: str) -> list[str]:
        """Find the villages that a text means: by a part of their own name, or of their township's; none if too many.

        Shape: codes inside the division `within`, ascending.
        """
        part, own = fold(text), trimmed(within)
        if len(part) < SHORTEST_NAME:
            return []
        met = [c for c in self._named(part) if c.startswith(own)]
        found = sorted({v for c in met for v in (c, *self.children.get(c, ())) if trimmed(v) == v})
        return found if len(found) <= MOST_NAMED else []


def asked(typed: str, own: str) -> str:
    """Read a division that an address names; what is none, or lies outside one's own, falls back to one's own."""
    sane = len(typed) == CODE_DIGITS and typed.isascii() and typed.isdecimal()
    return typed if sane and typed.startswith(trimmed(own)) else own


def known_places() -> Places:
    """Give the map as it was last read by this process: every list reads it before it searches."""
    return _cache[1]


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
