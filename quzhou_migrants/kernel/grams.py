"""Search and sorting of Chinese names without database extensions: bigrams and pinyin keys.

The embedded PostgreSQL has no pg_trgm and no ICU, so a table that is searched by name stores
`name_grams text[]` under a GIN index, and one that is sorted by name stores a pinyin key.
"""

from __future__ import annotations

import os
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from quzhou_migrants.kernel.texts import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Rare characters that this Python's Unicode tables do not know yet, or that sit in a private area.
_RARE = {"Cn", "Co"}
_SURNAMES = Path(__file__).with_name("surnames.toml")


def fold(text: str) -> str:
    """Bring a name to the form it is compared in: half width, lower case, without dots or blanks."""
    if text.isalpha() and not text.isascii() and unicodedata.is_normalized("NFKC", text):
        return text.casefold()  # most names: nothing to take away
    plain = normal("NFKC", text)
    return "".join(c for c in plain.casefold() if c.isalnum() or unicodedata.category(c) in _RARE)


def bigrams(text: str) -> list[str]:
    """Give what a name is found by: its characters and its neighbouring pairs, for `text[]` and GIN.

    Shape: the union for several names is the union of their grams, see `bigrams_of`.
    """
    name = fold(text)
    return sorted({*name, *_pairs(name)})


def bigrams_of(names: Iterable[str]) -> list[str]:
    """Give the grams of several names together: all people of a household."""
    return sorted({gram for name in names for gram in bigrams(name)})


def query_grams(text: str) -> list[str]:
    """Give the fewest grams that a stored `name_grams` must contain: pairs, or the one character."""
    name = fold(text)
    return sorted(_pairs(name)) or list(name)


def _pairs(name: str) -> set[str]:
    return {name[i : i + 2] for i in range(len(name) - 1)}


@lru_cache(maxsize=65_536)
def pinyin_key(text: str) -> str:
    """Give the key that sorts Chinese names as a dictionary does; unknown characters sort last."""
    name = fold(text)
    return " ".join(_reading(c, first=i == 0) for i, c in enumerate(name))


def _reading(char: str, *, first: bool) -> str:
    surname = _surnames().get(char) if first else None
    if surname:
        return surname
    if char.isascii():
        return char
    return _single(char)


@cache
def _single(char: str) -> str:
    readings = _readings().get(ord(char))
    if not readings:
        return "~" + char
    first = unicodedata.normalize("NFD", readings.split(",")[0])
    return "".join(c for c in first if not unicodedata.combining(c))


@cache
def _readings() -> Mapping[int, str]:
    """Give the readings of 42,000 characters: 11 MB, loaded by the first who writes or sorts names.

    Phrases only choose between readings inside words; a register of names does without them and saves 40 MB more.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    readings: Mapping[int, str] = import_module("pypinyin.constants").PINYIN_DICT
    return readings


@cache
def _surnames() -> Mapping[str, str]:
    with _SURNAMES.open("rb") as file:
        return dict(tomllib.load(file)["surname"])
