"""What a visit proves: distance, clocks, marks of doubt. Pure.

In a browser a faked position cannot be told for sure, so nothing is blocked for it: every mark is
kept with the record, and the grave ones keep the progress from counting until somebody decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt

from quzhou_migrants.kernel.errors import Finding

EARTH_M = 6_371_008.8  # mean radius; CGCS2000 and WGS 84 differ by less than a decimetre
GRAVE = frozenset({"INS-231", "INS-232", "INS-235", "INS-237", "INS-242"})


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the ground. Units: degrees CGCS2000, metres."""

    lat: float
    lon: float
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """What is known of one photo."""

    sha256: str
    source: str  # camera | file
    taken_at: datetime
    point: Point | None
    seen_before: bool = False  # the same picture came with an earlier visit


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of the policy pack. Units: metres, minutes."""

    distance_m: int
    accuracy_m: int
    skew_min: int
    photos: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one visit when it arrives."""

    site: Point | None
    point: Point | None
    sent_at: datetime
    received_at: datetime
    started_at: datetime
    finished_at: datetime
    shots: Sequence[Shot]

    @property
    def skew_s(self) -> int:
        """How far the phone's clock runs ahead of ours, taken at the moment of sending."""
        return round((self.sent_at - self.received_at).total_seconds())


def distance_m(a: Point, b: Point) -> int:
    """Measure along the great circle. Units: whole metres."""
    lat1, lat2 = radians(a.lat), radians(b.lat)
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin(radians(b.lon - a.lon) / 2) ** 2
    return round(2 * EARTH_M * asin(min(1.0, sqrt(h))))


def doubts(seen: Evidence, limits: Limits) -> list[Finding]:
    """List every mark of doubt, in a fixed order."""
    return [*_position(seen, limits), *_clocks(seen, limits), *_photos(seen, limits)]


def must_wait(marks: Sequence[Finding]) -> bool:
    """Tell whether the progress must wait for a decision."""
    return any(mark.code in GRAVE for mark in marks)


def _position(seen: Evidence, limits: Limits) -> Iterator[Finding]:
    if seen.point is None:
        yield Finding("INS-231", "position")
    elif seen.site is None:
        yield Finding("INS-233", "position")
    else:
        away = distance_m(seen.site, seen.point)
        if away - seen.point.accuracy_m > limits.distance_m:
            yield Finding("INS-232", "position", {"away": away, "limit": limits.distance_m})
    if seen.point is not None and seen.point.accuracy_m > limits.accuracy_m:
        yield Finding("INS-234", "position", {"accuracy": round(seen.point.accuracy_m)})


def _clocks(seen: Evidence, limits: Limits) -> Iterator[Finding]:
    if abs(seen.skew_s) > limits.skew_min * 60:
        yield Finding("INS-236", "clock", {"minutes": round(seen.skew_s / 60)})
    if seen.finished_at > seen.sent_at:
        yield Finding("INS-241", "clock", {"minutes": round((seen.finished_at - seen.sent_at).total_seconds() / 60)})
    early = [s for s in seen.shots if not seen.started_at <= s.taken_at <= seen.finished_at]
    if early:
        yield Finding("INS-238", "clock", {"count": len(early)})


def _photos(seen: Evidence, limits: Limits) -> Iterator[Finding]:
    if len(seen.shots) < limits.photos:
        yield Finding("INS-235", "photos", {"count": len(seen.shots), "needed": limits.photos})
    if again := [s.sha256 for s in seen.shots if s.seen_before]:
        yield Finding("INS-237", "photos", {"count": len(again)})
    if filed := sum(s.source == "file" for s in seen.shots):
        yield Finding("INS-239", "photos", {"count": filed})
    places = [(s.point.lat, s.point.lon) for s in seen.shots if s.point]
    if len(places) > 2 and len(set(places)) == 1:  # noqa: PLR2004 - a live fix moves in its last digits
        yield Finding("INS-240", "photos", {"count": len(places)})
