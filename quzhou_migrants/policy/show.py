"""How the value of a parameter is written for people."""

from __future__ import annotations

import re
from typing import Any

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.policy import Param
from quzhou_migrants.web.render import nice_percent

_CODES = re.compile(r"\b[a-z][a-z_]+ (?=[\u4e00-\u9fff])")
BETWEEN, LIST_BETWEEN, NOTHING = "、", "；", "—"


def shown(param: Param) -> str:
    """Write the value of a parameter with its unit; nothing when it is repealed."""
    return written(param.value, param)


def written(value: Any, param: Param) -> str:  # noqa: ANN401 - a parameter has any type
    """Write a value as one of a parameter: 500 basis points as 5%, a list in words."""
    if value is None:
        return NOTHING
    if param.unit in {"list", "table", "text", "bool", "date"}:
        return _words(value, param.key) or NOTHING
    return _amount(value, param.unit)


def _amount(value: int, unit: str) -> str:
    if unit == "basis_point":
        return nice_percent(value)
    figure = yuan(value) if unit == "fen" else f"{value:,}"
    return f"{figure}{CATALOGUE.text(f'unit.{unit}')}"


def _words(value: Any, key: str, name: str = "") -> str:  # noqa: ANN401 - an entry of a list or table
    """Write an entry of a list or table, with the Chinese names that the catalogue has for it."""
    if isinstance(value, dict):
        return LIST_BETWEEN.join(f"{_word(part, key)} {_words(entry, key, part)}" for part, entry in value.items())
    if isinstance(value, list | tuple):
        nested = any(isinstance(entry, dict | list | tuple) for entry in value)
        return (LIST_BETWEEN if nested else BETWEEN).join(_words(entry, key, name) for entry in value)
    if isinstance(value, int) and not isinstance(value, bool):
        unit = {"bp": "basis_point", "fen": "fen"}.get(name.rpartition("_")[2], CATALOGUE.text(f"numbers.{key}"))
        return str(value) if unit == f"numbers.{key}" else _amount(value, unit)
    return _word(value, f"{key}.each", key)


def _word(value: object, *keys: str) -> str:
    """Name a word as the parameter means it, else as the catalogue means it everywhere, else as it stands.

    Shape: of a table, `key.each` names what stands in it and `key` what it is filed under.
    """
    word = str(value).lower() if isinstance(value, bool) else str(value)
    for name in (*(f"value.{key}.{word}" for key in keys), f"value.{word}"):
        if (said := CATALOGUE.text(name)) != name:
            return said
    return word


def titled(param: Param) -> str:
    """Give the title without the codes that only who writes a pack needs: "floor 截尾" is said as "截尾"."""
    return _CODES.sub("", param.title)


def room_title(room: str) -> str:
    """Name a room; one the catalogue does not know is shown as itself."""
    said = CATALOGUE.text(f"room.{room}")
    return room if said == f"room.{room}" else said
