"""The administrative map: read from a plain file, written to the database, safe to repeat.

Source of the Quzhou file: National Bureau of Statistics codes of 2023, city, six counties, 100 townships.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEVELS = ("city", "county", "township", "village")
SOURCE = "国家统计局《统计用区划代码》（2023年）"
CODE_DIGITS = 12

WRITE = """
INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code, source, is_demo)
VALUES ($1, $2, $3, $4, $5, '', true, '', $6, false)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, full_name = excluded.full_name, level = excluded.level,
  parent_code = excluded.parent_code, source = excluded.source
WHERE (kernel_division.name, kernel_division.full_name, kernel_division.level, kernel_division.parent_code)
  IS DISTINCT FROM (excluded.name, excluded.full_name, excluded.level, excluded.parent_code)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the file."""

    code: str
    name: str
    level: str
    parent_code: str


def read_places(path: Path) -> list[Place]:
    """Read a file with the columns code, name, level, parent_code.

    Raises: ValueError naming the first line that cannot be right.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        places = [Place(r["code"], r["name"], r["level"], r["parent_code"]) for r in csv.DictReader(file)]
    known = {place.code for place in places}
    for line, place in enumerate(places, start=2):
        right = (
            len(place.code) == CODE_DIGITS
            and place.code.isdigit()
            and place.name
            and place.level in LEVELS
            and (place.parent_code in known or (not place.parent_code and place.level == LEVELS[0]))
        )
        if not right:
            raise ValueError(f"{path.name}:{line}: {place}")
    return places


def full_names(places: Iterable[Place]) -> dict[str, str]:
    """Join every name behind those of the divisions above it."""
    by_code = {place.code: place for place in places}

    def full(place: Place) -> str:
        above = by_code.get(place.parent_code)
        return (full(above) if above else "") + place.name

    return {code: full(place) for code, place in by_code.items()}


async def write_places(conn: Any, places: list[Place]) -> int:  # noqa: ANN401 - asyncpg has no types
    """Insert or update every place; `conn` belongs to the owner. Shape: how many places the file holds."""
    names = full_names(places)
    await conn.executemany(WRITE, [(p.code, p.name, names[p.code], p.level, p.parent_code, SOURCE) for p in places])
    return len(places)
