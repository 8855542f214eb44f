"""The columns of an import sheet and the words people write in them, as data."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quzhou_migrants.kernel.texts import normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DATA: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("columns.zh.toml").read_text("utf-8"))
_DECORATION: Final = re.compile(r"[*\s]|[((].*?[))]")


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column: its key, its headings, whether it must be filled, whether it tells of the household."""

    key: str
    title: str
    note: str
    example: str
    width: int
    aliases: tuple[str, ...] = ()
    required: bool = False
    own: bool = False


COLUMNS: Final = tuple(SheetColumn(**{**c, "aliases": tuple(c.get("aliases", ()))}) for c in _DATA["column"])
REQUIRED: Final = tuple(c for c in COLUMNS if c.required)
OWN: Final = frozenset(c.key for c in COLUMNS if c.own)
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    name: {word: key for key, words in choice.items() for word in words} for name, choice in _DATA["choice"].items()
}
TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    name: {key: words[0] for key, words in choice.items()} for name, choice in _DATA["choice"].items()
}
_HEADINGS: Final = {heading: c.key for c in COLUMNS for heading in (c.title, *c.aliases)}
HEAD_ROWS: Final = 10  # a title and notes may stand above the headings


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the headings stand and which column is which.

    Shape: `places` {key: column number from 0}; `missing` titles; `unknown` headings not imported.
    """

    row_no: int
    cells: tuple[str, ...]
    places: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]


def plain(heading: str) -> str:
    """Bring a heading to the form it is compared in: without stars, blanks and bracketed notes."""
    return _DECORATION.sub("", normal("NFKC", heading))


def find_heading(rows: Sequence[Sequence[str]]) -> Heading:
    """Find the row that looks most like the headings, among the first ten."""
    first = rows[:HEAD_ROWS] or [[]]
    best = max(range(len(first)), key=lambda i: len({_HEADINGS.get(plain(c)) for c in first[i]} - {None}))
    cells = tuple(first[best])
    keys = [_HEADINGS.get(plain(c)) for c in cells]
    places = {key: keys.index(key) for key in keys if key}
    return Heading(
        row_no=best + 1,
        cells=cells,
        places=places,
        missing=tuple(c.title for c in REQUIRED if c.key not in places),
        unknown=tuple(c for c, key in zip(cells, keys, strict=True) if c.strip() and key is None),
        repeated=tuple(c.title for c in COLUMNS if keys.count(c.key) > 1),
    )


def title_of(key: str) -> str:
    """Give the heading of a column."""
    return next((c.title for c in COLUMNS if c.key == key), key)
