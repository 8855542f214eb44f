"""What becomes of every demonstration project: when it is filed, how far it comes, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile, takewhile
from random import Random
from typing import Any

from quzhou_migrants.demo.world import BUSINESS_DATE, Village, World, say, words

DAY = timedelta(days=1)
WAN = 1_000_000  # fen
REACHED = (
    "admitted", "planned", "awarded", "contracted", "building", "completed", "accepted", "handed_over",
)  # fmt: skip
"""States after filing, in their order."""

# In which state how many of some thousand projects end, by the window they were filed in.
COHORTS: dict[tuple[int, int], dict[str, int]] = {
    (2023, 9): {"handed_over": 70, "accepted": 12, "refused": 20, "withdrawn": 10, "admitted": 40},
    (2024, 3): {"handed_over": 40, "accepted": 15, "completed": 6, "refused": 16, "admitted": 40},
    (2024, 9): {"handed_over": 12, "accepted": 22, "completed": 26, "building": 34, "refused": 14, "admitted": 40},
    (2025, 3): {"building": 38, "contracted": 14, "admitted": 50, "refused": 12},
    (2025, 9): {"building": 26, "contracted": 20, "awarded": 24, "planned": 20, "admitted": 50},
    (2026, 3): {"admitted": 89, "refused": 12, "withdrawn": 6},
    (2026, 9): {"draft": 55, "submitted": 90, "returned": 30, "township_passed": 46},
}
FIRST_VILLAGE = 0.025
CATEGORIES = ("farmland_water", "transport_social", "ecology", "training", "industry", "other")
WEIGHTS = (22, 28, 16, 5, 24, 5)
WAYS = {"industry": ("property", "shares", "rooftop_solar", "e_commerce", "lease", "tourism")}


@dataclass(slots=True)
class Life:
    """One project. Units: fen, persons, degrees. `id` is given by the database."""

    village: Village
    category: str
    way: str
    title: str
    content: str
    window: tuple[int, int]
    goal: str
    estimate_fen: int
    asked_fen: int
    own_fen: int
    beneficiaries: int
    migrants: int
    low_income: int
    lat: float
    lon: float
    filed_on: date
    id: int = 0

    @property
    def code(self) -> str:
        """Code of the project, as intake gives it."""
        return f"{self.village.code[:6]}-{self.filed_on.year}-{self.id:06d}"

    @property
    def receipt(self) -> str:
        """Receipt of the filing, as intake gives it."""
        return f"{self.window_name.replace('-', '')}-{self.village.code[:6]}-{self.id:06d}"

    @property
    def window_name(self) -> str:
        """Name of the window."""
        return f"{self.window[0]:04d}-{self.window[1]:02d}"

    @property
    def filed(self) -> bool:
        """Tell whether it was ever filed."""
        return self.goal != "draft"

    @property
    def held_on(self) -> date:
        """The day of the village's decision."""
        return self.filed_on - 12 * DAY

    @property
    def passed_on(self) -> date:
        """The day the township passed it on: never after the day the demonstration stands at."""
        return min(self.filed_on + 6 * DAY, BUSINESS_DATE)

    @property
    def admitted_on(self) -> date:
        """The day the county took it in, or refused it."""
        return self.filed_on + 20 * DAY

    def reaches(self, state: str) -> bool:
        """Tell whether it comes at least as far as a state after filing."""
        return self.goal in REACHED and REACHED.index(self.goal) >= REACHED.index(state)


@dataclass(frozen=True, slots=True)
class Site:
    """A project under way: its world, its life, the firm that builds it, its own random numbers."""

    world: World
    life: Life
    rng: Random
    payee: str


def make_lives(world: World, count: int) -> list[Life]:
    """Make every project, in the order of filing."""
    rng = world.rng("projects")
    thousand = sum(sum(ends.values()) for ends in COHORTS.values())
    lives = [
        _life(rng, _village(rng, world), window, goal)
        for window, ends in COHORTS.items()
        for goal, share in ends.items()
        for _ in range(max(1, round(share * count / thousand)))
    ]
    return sorted(lives, key=lambda life: (life.filed_on, life.village.code, life.title))


def _village(rng: Random, world: World) -> Village:
    """Choose a village; the first one, whose clerk `serve` prints, gets more than its share."""
    return world.villages[0] if rng.random() < FIRST_VILLAGE else rng.choice(world.villages)


def _life(rng: Random, village: Village, window: tuple[int, int], goal: str) -> Life:
    category = rng.choices(CATEGORIES, WEIGHTS)[0]
    said = words()["project"][category]
    estimate = rng.randrange(8, 60) * WAN + rng.randrange(100) * 1000
    asked = estimate * rng.choice((70, 80, 85, 90)) // 100
    migrants = rng.randrange(40, 400)
    last = BUSINESS_DATE.day if window == (BUSINESS_DATE.year, BUSINESS_DATE.month) else 28
    return Life(
        village=village,
        category=category,
        way=rng.choice(WAYS.get(category, ("none",))),
        title=rng.choice(said["titles"]).format(village=village.name),
        content=said["content"].format(n=rng.randrange(120, 2400), m=rng.randrange(2, 20), k=rng.randrange(60, 900)),
        window=window,
        goal=goal,
        estimate_fen=estimate,
        asked_fen=asked,
        own_fen=estimate - asked,
        beneficiaries=migrants + rng.randrange(20, 300),
        migrants=migrants,
        low_income=rng.randrange(max(2, migrants // 12)),
        lat=round(village.lat + rng.uniform(-0.01, 0.01), 6),
        lon=round(village.lon + rng.uniform(-0.01, 0.01), 6),
        filed_on=date(*window, rng.randrange(1, last)),
    )


def decision_of(life: Life) -> dict[str, Any]:
    """The village's decision behind a filing: every number satisfies the rule."""
    return {
        "body": "representatives", "told_on": life.held_on - 5 * DAY, "held_on": life.held_on, "due": 45,
        "representatives": 39, "women": 15, "present": 40, "votes_for": 38, "votes_against": 1, "abstained": 1,
        "basis": say("basis"),
    }  # fmt: skip


def notice_of(life: Life) -> dict[str, Any]:
    """The public notice behind a filing."""
    return {
        "notice_from": life.held_on + DAY, "notice_to": life.held_on + 9 * DAY,
        "notice_place": say("notice_place", village=life.village.name), "objections": 0, "answered": 0,
        "outcome": say("notice_outcome"),
    }  # fmt: skip


def draft_of(life: Life) -> dict[str, dict[str, list[str]]]:
    """What the village typed, part by part, as the form sent it."""
    starts, ends = term_of(life)
    parts: dict[str, dict[str, Any]] = {
        "basics": {
            "title": life.title, "category": life.category, "way": life.way, "no_duplicate": "yes",
            "place": say("place", village=life.village.name), "starts_on": starts, "ends_on": ends,
            "contact": life.village.name, "phone": "0570-0000000", "shape_kind": "point",
            "shape": f"{life.lat:.6f}, {life.lon:.6f}", "reservoir": say("reservoir"),
            "reservoir_kind": "large_medium", "sector_note": say("sector_note"),
        },
        "works": {
            "content": life.content, "estimate_fen": _yuan(life.estimate_fen), "asked_fen": _yuan(life.asked_fen),
            "own_fen": _yuan(life.own_fen), "other_fen": "0", "labour_fen": "0", **_item_of(life),
        },
        "benefit": {
            "beneficiaries": life.beneficiaries, "migrants": life.migrants, "low_income": life.low_income,
            "income_fen": "0", "goals": say("goals"), "asset_owner": say("asset_owner", village=life.village.name),
            "caretaker": say("caretaker", village=life.village.name), "lead_share": "100",
            "targets.0.name": say("target_name"), "targets.0.operator": "ge", "targets.0.value": life.migrants,
            "targets.0.unit": say("target_unit"),
            "low_income_how": say("low_income_how") if life.low_income else "",
        },
        "readiness": {
            "land": "free", "ecology": "free", "design_unit": say("design_unit"), "design_grade": "c",
        },
        "decision": decision_of(life),
        "posting": notice_of(life),
    }  # fmt: skip
    kept = list(parts)[:2] if life.goal == "draft" else list(parts)
    return {name: {field: [str(value)] for field, value in parts[name].items()} for name in kept}


def _item_of(life: Life) -> dict[str, str]:
    """The one line of contents: the first amount of the description with its own unit."""
    name, unit = words()["project"][life.category]["item"]
    amount = "".join(takewhile(str.isdecimal, dropwhile(lambda c: not c.isdecimal(), life.content)))
    return {"items.0.name": name, "items.0.quantity": amount, "items.0.unit": unit}


def term_of(life: Life) -> tuple[date, date]:
    """The term of the works as applied for."""
    return date(life.window[0] + 1, 3, 1), date(life.window[0] + 1, 11, 30)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def by_county(lives: list[Life]) -> Iterator[tuple[str, list[Life]]]:
    """Group the projects by county."""
    counties = sorted({life.village.county for life in lives})
    for county in counties:
        yield county, [life for life in lives if life.village.county == county]
