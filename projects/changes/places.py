"""The place of a change order: read from a map or typed, written back into the form, drawn before and after."""

from __future__ import annotations

import json
from typing import Any

from projects.changes.forms import AdjustForm
from projects.changes.rules import Terms
from projects.intake.draft import LAT, LON
from projects.intake.forms import ShapeKind
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.geo import Point, middle, points_of, read_points, shape_of

Row = dict[str, Any]
KINDS = {"Point": ShapeKind.POINT, "LineString": ShapeKind.LINE, "Polygon": ShapeKind.AREA}


def drawn(form: AdjustForm, before: Terms) -> tuple[float | None, float | None, str]:
    """Give the place as it shall be: as it was when nothing was drawn anew. Shape: (lat, lon, GeoJSON).

    Raises: Refused KRN-801, KRN-802 (unreadable or too few points), PRJ-145 (outside the country).
    """
    points = read_points(form.shape)
    was = written(before.lat, before.lon, before.shape)
    if (form.shape_kind, points) == (was["shape_kind"], read_points(was["shape"])):
        return before.lat, before.lon, before.shape
    if any(not (LAT[0] <= lat <= LAT[1] and LON[0] <= lon <= LON[1]) for lat, lon in points):
        raise Refused("PRJ-145", field="shape")
    if not points:
        return None, None, ""
    return *middle(points), json.dumps(shape_of(form.shape_kind.value, points))


def written(lat: float | None, lon: float | None, shape: str) -> Row:
    """Write a place as the form has it. Shape: {"shape_kind", "shape"}."""
    kind, points = _points(lat, lon, shape)
    return {"shape_kind": kind, "shape": "\n".join(f"{a}, {b}" for a, b in points)}


def on_map(values: Row, title: str, tone: str) -> list[Row]:
    """Give one side of a change for the map; nothing when it has no place."""
    kind, points = _points(values.get("lat"), values.get("lon"), values.get("shape") or "")
    return [{"title": title, "kind": kind.value, "points": points, "tone": tone}] if points else []


def _points(lat: float | None, lon: float | None, shape: str) -> tuple[ShapeKind, list[Point]]:
    if shape:
        made = json.loads(shape)
        return KINDS[made["type"]], points_of(made)
    return ShapeKind.POINT, [(lat, lon)] if lat is not None and lon is not None else []
