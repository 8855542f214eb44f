"""Places on a map: typed coordinates, shapes as GeoJSON, distances. Pure.

A point is (latitude, longitude) in degrees, as people write it; GeoJSON turns the order round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any

from quzhou_migrants.kernel.errors import Refused

Point = tuple[float, float]
EARTH_M = 6_371_009
DIGITS = 6  # a tenth of a metre
LAST_LAT, LAST_LON = 90, 180
CORNERS = {"point": 1, "line": 2, "area": 3}
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def read_points(text: str) -> list[Point]:
    """Read "latitude, longitude" from each line that is not empty.

    Raises: Refused KRN-801 naming the first line that is no place on earth.
    """
    found: list[Point] = []
    for n, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        numbers = [float(v) for v in _NUMBER.findall(line)]
        if len(numbers) != 2 or abs(numbers[0]) > LAST_LAT or abs(numbers[1]) > LAST_LON:  # noqa: PLR2004 - two coordinates
            raise Refused("KRN-801", line=n, text=line.strip()[:40])
        found.append((round(numbers[0], DIGITS), round(numbers[1], DIGITS)))
    return found


def shape_of(kind: str, points: Sequence[Point]) -> dict[str, Any]:
    """Make a GeoJSON geometry of a kind (point, line, area).

    Raises: Refused KRN-802 when the points are too few for it.
    """
    if kind not in CORNERS or len(points) < CORNERS[kind]:
        raise Refused("KRN-802", need=CORNERS.get(kind, 1), count=len(points))
    turned = [[lon, lat] for lat, lon in points]
    if kind == "point":
        return {"type": "Point", "coordinates": turned[0]}
    if kind == "line":
        return {"type": "LineString", "coordinates": turned}
    return {"type": "Polygon", "coordinates": [[*turned, turned[0]]]}


def points_of(shape: dict[str, Any]) -> list[Point]:
    """Give the points of a geometry that `shape_of` made, an area without its closing point."""
    there = shape["coordinates"]
    turned = [there] if shape["type"] == "Point" else there if shape["type"] == "LineString" else there[0][:-1]
    return [(lat, lon) for lon, lat in turned]


def middle(points: Sequence[Point]) -> Point:
    """Give the mean of some points."""
    return (
        round(sum(lat for lat, _ in points) / len(points), DIGITS),
        round(sum(lon for _, lon in points) / len(points), DIGITS),
    )


def metres(a: Point, b: Point) -> float:
    """Measure the way between two points over the sphere."""
    lat1, lon1, lat2, lon2 = (radians(v) for v in (*a, *b))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(half))
