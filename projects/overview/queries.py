"""The figures of a dashboard: one statement, counted by place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from projects.lists import CATEGORIES
from projects.overview.rules import ALIVE, GROUPS, SOURCE, Limits, measures
from quzhou_migrants.kernel.actor import code_range, trimmed
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

Row = dict[str, Any]
PLACE = "p.division_code"
YEAR = "coalesce(p.plan_year, nullif(left(p.\"window\", 4), '')::int, 0)"
MOST_PLACES = 1000  # points on one map; more would hide each other
_BELOW = {4: 6, 6: 9, 9: 12, 12: 12}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a dashboard is about: a division inside the caller's range and a year (0: all years)."""

    division: str
    year: int

    @property
    def width(self) -> int:
        """Digits of the divisions that stand on its lines."""
        return _BELOW[len(trimmed(self.division))] if self.division else 6

    def conditions(self) -> tuple[str, list[Any]]:
        """Narrow the projects to this scope."""
        lo, hi = code_range(self.division) if self.division else ("", "~")
        return f"{PLACE} >= $1 AND {PLACE} < $2 AND ($3 = 0 OR {YEAR} = $3)", [lo, hi, self.year]


def limits(policy: Policies) -> Limits:
    """Read the pack's days."""
    return Limits(
        tuple(int(day) for day in policy.get("projects.overview.age_days")),
        policy.whole("projects.overview.seen_days"),
        policy.whole("projects.overview.accept_days"),
        policy.whole("projects.overview.expiry_days"),
    )


async def figures(tx: Tx, scope: Scope) -> list[Row]:
    """Count every measure and add up the money, one row a place. Units: fen."""
    counted = ", ".join(
        f"count(*) FILTER (WHERE {sql}) AS {name}" for name, sql in measures(tx.today, limits(tx.policy)).items()
    )
    where, params = scope.conditions()
    rows = await tx.conn.fetch(
        f"SELECT left({PLACE}, {scope.width}) AS place, count(*) AS whole, sum(p.award_fen)::bigint AS award_fen,"  # noqa: S608 - conditions are our own
        f" sum(p.contract_fen)::bigint AS contract_fen, sum(p.beneficiaries) FILTER (WHERE {ALIVE}) AS people,"
        f" {counted} FROM {SOURCE} WHERE {where} GROUP BY 1 ORDER BY 1",
        *params,
    )
    return [{**dict(r), "place": r["place"].ljust(12, "0")} for r in rows]


async def by_category(tx: Tx, scope: Scope) -> list[Row]:
    """Add up what was awarded by category, the largest first. Units: fen."""
    where, params = scope.conditions()
    rows = await tx.conn.fetch(
        "SELECT p.category, sum(p.award_fen)::bigint AS award_fen, count(*) AS projects FROM projects_project p"  # noqa: S608 - conditions are our own
        f" WHERE {where} AND p.award_fen > 0 GROUP BY 1 ORDER BY 2 DESC, 1",
        *params,
    )
    return [dict(r) for r in rows]


async def years(tx: Tx) -> list[int]:
    """List the years that projects of the range belong to, the newest first."""
    rows = await tx.conn.fetch(f"SELECT DISTINCT {YEAR} AS year FROM projects_project p ORDER BY 1 DESC")  # noqa: S608 - our own expression
    return [r["year"] for r in rows if r["year"]]


async def places_of(tx: Tx, scope: Scope) -> list[Row]:
    """Give the places of living projects, those that need a look first."""
    late = measures(tx.today, limits(tx.policy))["late_any"]
    where, params = scope.conditions()
    rows = await tx.conn.fetch(
        f"SELECT p.id, p.title, p.state, p.lat, p.lon, p.progress_bp, p.division_code, ({late}) AS late FROM {SOURCE}"  # noqa: S608 - conditions are our own
        f" WHERE {where} AND p.lat IS NOT NULL AND {ALIVE} ORDER BY late DESC, p.id DESC LIMIT {MOST_PLACES}",
        *params,
    )
    return [dict(r) for r in rows]


@lru_cache(maxsize=8)
def rows_behind(given: tuple[tuple[str, str], ...]) -> Listing:
    """Declare the list behind the figures of one day: the measure is a filter like any other."""
    known = dict(given)
    cases = " ".join(f"WHEN '{name}' THEN ({sql})" for name, sql in known.items())
    clear = {n: f"NOT ({known[f'clear_{n}_not']}) AND ({known[f'clear_{n}_all']})" for n in ("project", "progress")}
    return Listing(
        "overview",
        SOURCE,
        (
            Column("id", "p.id", shown=False),
            Column("title", "p.title", link="/projects/{id}"),
            Column("code", "p.code", shown=False, sheet=True),
            Column("division_code", PLACE, kind="division"),
            Column("category", "p.category", kind="tag"),
            Column("award_fen", "nullif(p.award_fen, 0)", kind="wan", sort="p.award_fen"),
            Column("progress_bp", "p.progress_bp", kind="bp", sort=True),
            Column("state", "p.state", kind="state", machine="PROJECT"),
            Column("since", "s.since", kind="date", sort=True),
            Column("due_on", "coalesce(k.ends_on, p.ends_on)", kind="date"),
            Column("clear_project", clear["project"], kind="bool"),
            Column("clear_progress", clear["progress"], kind="bool"),
        ),
        id="p.id",
        scope=PLACE,
        descending=True,
        filters=(
            Filter("measure", f"CASE {{}}::text {cases} ELSE false END", choices=tuple(known)),
            Filter("division", PLACE, kind="division"),
            Filter("year", f"{YEAR} = {{}}", kind="int", whole=True),
            Filter("category", "p.category = {}", choices=CATEGORIES),
            Filter("state", "p.state = {}", machine="PROJECT"),
        ),
    )


def listing(tx: Tx) -> Listing:
    """Give the list behind today's figures."""
    return rows_behind(tuple(measures(tx.today, limits(tx.policy)).items()))


__all__ = ["GROUPS", "Scope", "by_category", "figures", "limits", "listing", "places_of", "years"]
