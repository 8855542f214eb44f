"""Dashboards of a city, a county, a township: figures, each of which leads to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, get
from litestar.response import Response

from projects.overview import documents, queries
from projects.overview.queries import Row, Scope
from projects.overview.rules import CLEARS, DELAYS, GROUPS, STAGES, Limits, share_bp
from projects.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.divisions import Places, asked, places
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
FEN_OF_WAN = 1_000_000
YEAR_DIGITS = 4
TONES = {"works": "go", "finish": "go", "done": "good"}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one dashboard, by place and in all, with the way to their rows."""

    scope: Scope
    rows: list[Row]
    known: Places

    def total(self, measure: str) -> int:
        """Add up one measure over all places."""
        return sum(int(row[measure] or 0) for row in self.rows)

    def url(self, measure: str = "", place: str = "", **more: str) -> str:
        """Address of the rows behind a figure."""
        year = str(self.scope.year or "")
        wanted = {"measure": measure, "division": place or self.scope.division, "year": year, **more}
        return f"/overview/projects?{urlencode({k: v for k, v in wanted.items() if v})}"

    @property
    def sheet(self) -> str:
        """Address of these figures as a spreadsheet."""
        return f"/overview/figures.xlsx?{urlencode({'division': self.scope.division, 'year': self.scope.year or ''})}"

    def down(self, place: str) -> str:
        """Address of the dashboard of a place."""
        return f"/overview?{urlencode({'division': place, 'year': self.scope.year or ''})}"

    @property
    def places(self) -> list[str]:
        """Codes of the places, in their order."""
        return [row["place"] for row in self.rows]

    @property
    def names(self) -> list[str]:
        """Names of the places, in their order."""
        return [self.known.name(code) for code in self.places]

    def line(self, measure: str, title: str) -> tuple[str, list[int], list[str]]:
        """One series of a chart: a measure at each place, with the way to its rows."""
        return title, [int(r[measure]) for r in self.rows], [self.url(measure, r["place"]) for r in self.rows]

    def whole(self, names: tuple[str, ...], title: str) -> tuple[str, list[int], list[str]]:
        """One series of a chart: several measures over all places, with the way to their rows."""
        return title, [self.total(name) for name in names], [self.url(name) for name in names]


def _text(name: str, **facts: object) -> str:
    return CATALOGUE.text(f"projects.overview.{name}").format(**facts)


def _scope(request: AnyRequest, tx: Tx) -> Scope:
    """Read what the address asks for; what is no place or outside the range falls back to the whole range."""
    year = request.query_params.get("year", "")
    place = asked(request.query_params.get("division", ""), tx.actor.division_code)
    sane = len(year) == YEAR_DIGITS and year.isascii() and year.isdecimal()
    return Scope(place, int(year) if sane else 0)


@get("/overview", opt=needs(P.VIEW))
async def overview(request: AnyRequest) -> Page:
    """Show how the projects of a place stand."""
    async with open_tx(request) as tx:
        scope = _scope(request, tx)
        found = Figures(scope, await queries.figures(tx, scope), await places(tx))
        context: dict[str, Any] = {
            "f": found,
            "today": tx.today,
            "years": await queries.years(tx),
            "options": found.known.options(tx.actor.division_code, scope.division),
            "own": tx.actor.division_code,
            "limits": queries.limits(tx.policy),
            "source": tx.policy.param("projects.overview.seen_days").source,
            "categories": await queries.by_category(tx, scope),
            "spots": [_spot(r, found.known) for r in await queries.places_of(tx, scope)],
        }
    return render(request, "projects/overview/overview.html", **context, **_charts(found, context["limits"]))


def _charts(f: Figures, limits: Limits) -> dict[str, Any]:
    """Put the figures into the shapes of the charts and of the table of the three clears."""
    stages, groups = tuple(f"stage_{n}" for n in STAGES), tuple(f"at_{n}" for n in GROUPS)
    ages = tuple(f"age_{n}" for n in range(len(limits.bands) + 1))
    return {
        "stages": ([_text(n) for n in stages], f.whole(stages, _text("projects"))),
        "groups": [f.line(name, _text(name)) for name in groups],
        "delays": ([_text(n) for n in DELAYS], f.whole(DELAYS, _text("projects"))),
        "ages": (_bands(limits.bands), f.whole(ages, _text("projects"))),
        "clears": [_clear_row(f, row) for row in f.rows],
        "clear_totals": [(name, f.total(f"clear_{name}_all"), f.total(f"clear_{name}_not")) for name in CLEARS],
        "clear_lines": [_clear_line(f, name) for name in CLEARS],
        "share_bp": share_bp,
    }


def _bands(bands: tuple[int, ...]) -> list[str]:
    """Name the ages: up to 30 days, 31 to 90, …, over 180."""
    lows = (-1, *bands)
    named = [_text("band_first", most=bands[0])]
    named += [_text("band", least=low + 1, most=most) for low, most in zip(lows[1:], bands[1:], strict=False)]
    return [*named, _text("band_last", least=bands[-1])]


def _clear_row(f: Figures, row: Row) -> Row:
    parts = {
        name: (
            int(row[f"clear_{name}_all"]),
            int(row[f"clear_{name}_not"]),
            f.url(f"clear_{name}_all", row["place"]),
            f.url(f"clear_{name}_not", row["place"]),
        )
        for name in CLEARS
    }
    return {"place": row["place"], "name": f.known.name(row["place"]), "parts": parts}


def _clear_line(f: Figures, name: str) -> tuple[str, list[float | None], list[str]]:
    shares = [share_bp(int(r[f"clear_{name}_all"]), int(r[f"clear_{name}_not"])) for r in f.rows]
    urls = [f.url(f"clear_{name}_not", r["place"]) for r in f.rows]
    return _text(f"clear_{name}"), [None if s is None else s / 100 for s in shares], urls


def _spot(row: Row, known: Places) -> Row:
    """Put one project on the map."""
    group = next((name for name, states in GROUPS.items() if row["state"] in states), "")
    return {
        "title": row["title"],
        "points": [[row["lat"], row["lon"]]],
        "tone": "bad" if row["late"] else TONES.get(group, "wait"),
        "url": f"/projects/{row['id']}",
        "note": f"{known.name(row['division_code'])} · {CATALOGUE.state('PROJECT', row['state'])}",
    }


@get("/overview/figures.xlsx", opt=needs(P.VIEW), include_in_schema=False)
async def figures_xlsx(request: AnyRequest) -> Page:
    """Give the figures of a dashboard as a spreadsheet."""
    async with open_tx(request) as tx:
        scope, known = _scope(request, tx), await places(tx)
        about = documents.facts(tx, scope, known)
        data = documents.book(about, await queries.figures(tx, scope), known)
        name = quote(f"{_text('title')}-{tx.today:%Y%m%d}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


@get("/overview/projects", opt=needs(P.VIEW))
async def behind(request: AnyRequest) -> Page:
    """List the rows behind a figure."""
    async with open_tx(request) as tx:
        listing = queries.listing(tx)
    return await listing.respond(request, "projects/overview/rows.html")


ROUTES = [overview, figures_xlsx, behind]
