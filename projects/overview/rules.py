"""What a dashboard counts, each figure as the one condition that its rows are listed by.

A figure and the list behind it read the same sentence of SQL, so they cannot disagree. Pure: text in, text out.
Source: 衢政办发〔2016〕65号 二(二)1 (项目清、进度清、成效清), 二(四)3 (季度报告).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

SOURCE = (
    "projects_project p LEFT JOIN projects_contract k ON k.project = p.id CROSS JOIN LATERAL ("
    "SELECT coalesce(max(j.at), p.created_at) AS since FROM kernel_journal j WHERE j.subject_table = 'projects_project'"
    " AND j.subject_id = p.id AND j.to_state = p.state) s"
)
"""A project, its contract, and since when it has been in its state."""

STAGES = {
    "filed": "p.submitted_at IS NOT NULL",
    "passed": "p.state IN ('township_passed', 'refused', 'expired')",
    "admitted": "p.admitted_at IS NOT NULL",
    "planned": "p.plan_year IS NOT NULL",
    "awarded": "p.award_fen > 0",
    "contracted": "p.contract_fen > 0",
    "started": "p.started_on IS NOT NULL",
    "completed": "p.completed_on IS NOT NULL",
    "accepted": "p.accepted_on IS NOT NULL",
    "handed_over": "p.handed_over_on IS NOT NULL",
}
"""The way of a project; who came to a later stage has passed the earlier ones."""

GROUPS = {
    "review": ("submitted", "returned", "township_passed"),
    "reserve": ("admitted",),
    "planning": ("planned", "awarded"),
    "works": ("contracted", "building", "suspended"),
    "finish": ("completed", "pre_accepted", "audited"),
    "done": ("accepted", "handed_over"),
}
WAITING = tuple(state for name in ("review", "reserve", "planning", "finish") for state in GROUPS[name])
DELAYS = ("late_return", "late_admit", "late_start", "late_step", "late_end", "late_accept")
CLEARS = ("project", "progress", "result")
ALIVE = "p.state NOT IN ('draft', 'withdrawn', 'refused', 'terminated', 'expired')"


@dataclass(frozen=True, slots=True)
class Limits:
    """The pack's days. Units: days; `bands` are the upper ends of the ages, rising."""

    bands: tuple[int, ...]
    seen: int
    accept: int
    expiry: int


def _among(states: tuple[str, ...]) -> str:
    return f"p.state IN ({', '.join(repr(s) for s in states)})"


def _stages() -> dict[str, str]:
    """Give each stage the sum of itself and every later one."""
    names = list(STAGES)
    return {f"stage_{name}": " OR ".join(STAGES[n] for n in names[i:]) for i, name in enumerate(names)}


def _ages(today: str, bands: tuple[int, ...]) -> dict[str, str]:
    days = f"({today} - (s.since AT TIME ZONE 'Asia/Shanghai')::date)"
    lows = (-1, *bands)
    found = {}
    for n, low in enumerate(lows):
        most = f" AND {days} <= {bands[n]}" if n < len(bands) else ""
        found[f"age_{n}"] = f"{_among(WAITING)} AND {days} > {low}{most}"
    return found


def _delays(today: str, limits: Limits) -> dict[str, str]:
    return {
        "late_return": f"p.state = 'returned' AND p.correct_by < {today}",
        "late_admit": f"p.state = 'admitted' AND p.valid_until < {today} + {limits.expiry}",
        "late_start": f"p.state = 'contracted' AND k.starts_on < {today}",
        "late_step": f"{_among(GROUPS['works'])} AND EXISTS (SELECT 1 FROM projects_milestone m WHERE m.project = p.id"  # noqa: S608 - our own words
        f" AND m.planned_on < {today} AND m.progress_bp < 10000)",
        "late_end": f"p.state IN ('building', 'suspended') AND k.ends_on < {today}",
        "late_accept": f"{_among(GROUPS['finish'])} AND p.completed_on + {limits.accept} < {today}",
    }


def _clears(today: str, limits: Limits) -> dict[str, str]:
    """Say for each of the three clears which projects it concerns and what it asks of them."""
    concerned = {
        "project": f"p.award_fen > 0 AND {ALIVE}",
        "progress": _among(("building", "suspended")),
        "result": f"p.completed_on IS NOT NULL AND {ALIVE}",
    }
    asked = {
        "project": "p.content <> '' AND p.place <> '' AND p.lat IS NOT NULL AND p.ends_on IS NOT NULL"
        " AND p.asset_owner <> '' AND (p.contract_fen = 0 OR EXISTS"
        " (SELECT 1 FROM projects_milestone m WHERE m.project = p.id))",
        "progress": f"(p.started_on > {today} - {limits.seen} OR EXISTS (SELECT 1 FROM projects_milestone m"  # noqa: S608 - our own words
        f" WHERE m.project = p.id AND (m.verified_at AT TIME ZONE 'Asia/Shanghai')::date > {today} - {limits.seen}))",
        "result": "p.accepted_on IS NOT NULL AND p.handed_over_on IS NOT NULL AND p.goals <> ''"
        " AND p.beneficiaries > 0",
    }
    found = {}
    for name in CLEARS:
        found[f"clear_{name}_all"] = concerned[name]
        found[f"clear_{name}_not"] = f"({concerned[name]}) AND NOT ({asked[name]})"
    return found


@lru_cache(maxsize=8)
def measures(today: date, limits: Limits) -> dict[str, str]:
    """Give every measure of the dashboards as a condition on SOURCE, in the order in which they are shown."""
    day = f"DATE '{today:%Y-%m-%d}'"
    delays = _delays(day, limits)
    return {
        **_stages(),
        **{f"at_{name}": _among(states) for name, states in GROUPS.items()},
        **_ages(day, limits.bands),
        **delays,
        "late_any": " OR ".join(f"({sql})" for sql in delays.values()),
        **_clears(day, limits),
    }


def share_bp(concerned: int, lacking: int) -> int | None:
    """Give the part of the concerned that is clear. Units: basis points; nobody concerned has no part."""
    return None if concerned == 0 else (concerned - lacking) * 10_000 // concerned
