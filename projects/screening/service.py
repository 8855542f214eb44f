"""Screening of an application: as it is typed, as it was filed; projects of other funds kept beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import projects.screening.functions  # noqa: F401 - declares its SQL function
from projects.events import ProjectSubmitted
from projects.permissions import P
from projects.queries import PROJECT, find
from projects.screening import queries
from projects.screening.forms import SectorForm
from projects.screening.parameters import screening_rule
from projects.screening.rules import Asked, Content, Match, Sign, Weight, screen
from projects.screening.sheet import read_sector
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.geo import middle, read_points
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
FEN, LARGEST = 100, 12  # digits before the point; larger is nonsense, and would be reckoned with for minutes


@dataclass(frozen=True, slots=True)
class Screened:
    """What the checks say of one application."""

    asked: Asked
    signs: list[Sign]
    matches: list[Match]

    def count(self, weight: Weight) -> int:
        """Count the signs of one weight."""
        return sum(s.weight is weight for s in self.signs)


async def screen_project(tx: Tx, project_id: int) -> Screened:
    """Screen an application as it stands now: what is typed in a draft, else what was filed. A read.

    Raises: Refused KRN-404.
    """
    row = await find(tx, project_id)
    papers = frozenset(f.kind for f in await files_of(tx, (PROJECT, project_id)))
    return await screen_asked(tx, asked_of(row, papers))


async def screen_asked(tx: Tx, asked: Asked) -> Screened:
    """Screen what is asked, also before it is a row (bulk filing)."""
    rule = screening_rule(tx.policy_for(asked.village))
    since = _years_before(tx.today, rule.years.value)
    others = await queries.around(tx, asked, rule.metres.value, since)
    recent = _years_before(tx.today, rule.split_years.value)
    signs, matches = screen(asked, others, rule, recent=recent)
    return Screened(asked, signs, matches)


def _years_before(day: date, years: int) -> date:
    """Give the day some years earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def asked_of(row: Row, papers: frozenset[str]) -> Asked:
    """Read an application leniently: what cannot be read yet is left out, not refused."""
    typed: dict[str, list[str]] = {}
    for section in (row["draft"] or {}).values():
        typed.update(section)

    def text(name: str) -> str:
        return str((typed.get(name) or [row.get(name) or ""])[0] or "")

    return Asked(
        row["id"], row["division_code"], row["village_name"], text("title"), text("content"), text("category"),
        _fen(text("estimate_fen")) if "estimate_fen" in typed else row["estimate_fen"],
        *_place(text("shape"), row), contents_of(typed), papers, text("sector_note"),
    )  # fmt: skip


def contents_of(typed: dict[str, list[str]]) -> tuple[Content, ...]:
    """Read the lines of the contents, named `items.0.name` and so on; broken ones are left out."""
    found: list[Content] = []
    numbers = sorted(
        {int(key.split(".")[1]) for key in typed if key.startswith("items.") and key.split(".")[1].isdecimal()}
    )
    for n in numbers:
        line = {name: (typed.get(f"items.{n}.{name}") or [""])[0] for name in ("name", "quantity", "unit", "price_fen")}
        quantity = _number(line["quantity"])
        if line["name"] and quantity:
            found.append(Content(line["name"], quantity, line["unit"], _fen(line["price_fen"])))
    return tuple(found)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= LARGEST else None


def _fen(text: str) -> int:
    number = _number(text)
    return int(number * FEN) if number else 0


def _place(shape: str, row: Row) -> tuple[float | None, float | None]:
    """The middle of what is drawn so far, else the place that was filed."""
    try:
        points = read_points(shape)
    except Refused:
        points = []
    return middle(points) if points else (row["lat"], row["lon"])


async def on_submitted(tx: Tx, event: ProjectSubmitted) -> None:
    """Hear that an application was filed: keep what the checks say of it on that day."""
    screened = await screen_project(tx, event.project_id)
    round_ = await tx.conn.fetchval("SELECT round FROM projects_project WHERE id = $1", event.project_id)
    await tx.conn.execute(
        "INSERT INTO projects_screening (project, division_code, round, signs, matches, bad, waiting, policy_version,"
        " made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        event.project_id,
        event.division_code,
        round_,
        json.dumps([asdict(s) for s in screened.signs], ensure_ascii=False, default=str),
        json.dumps([asdict(m) for m in screened.matches], ensure_ascii=False, default=str),
        screened.count(Weight.BAD),
        screened.count(Weight.WAIT),
        tx.policy_for(event.division_code).version,
        tx.now,
    )


@command(P.KNOW_SECTOR, audit="projects.sector.sheet")
async def add_sheet(tx: Tx, path: Path) -> tuple[int, int]:
    """Keep a list of projects from another department, all of it or none; what is known already is left.

    Shape: (kept, known before).
    Raises: what `read_sector` refuses; Invalid PRJ-547 for villages that are none.
    """
    rows = await read_sector(path, tx.policy.whole("projects.screening.sheet_rows_most"))
    kept, wrong = 0, []
    for row, form in rows:
        try:
            kept += await _keep_sector(tx, form) is not None
        except Refused as refused:
            wrong.append(Problem("PRJ-547", "sheet", {"row": row, "column": "", "why": CATALOGUE.say(refused.code)}))
    if wrong:
        raise Invalid(wrong)
    return kept, len(rows) - kept


@command(P.KNOW_SECTOR, audit="projects.sector.add")
async def add_sector(tx: Tx, form: SectorForm) -> int:
    """Keep a project that another department told of.

    Raises: Refused PRJ-541 (no such village in the county), PRJ-542 (half a place), PRJ-543 (known already).
    """
    made = await _keep_sector(tx, form)
    if made is None:
        raise Refused("PRJ-543", field="title")
    return made


async def _keep_sector(tx: Tx, form: SectorForm) -> int | None:
    """Write a project of another fund; None when it is known already."""
    village = await tx.conn.fetchval(
        "SELECT code FROM kernel_division WHERE level = 'village' AND active AND (full_name = $1 OR name = $1 OR"
        " code = $1) AND left(code, 6) = left($2, 6) ORDER BY code LIMIT 1",
        form.village.strip(),
        tx.actor.division_code,
    )
    if village is None:
        raise Refused("PRJ-541", field="village")
    if (form.lat is None) != (form.lon is None):
        raise Refused("PRJ-542", field="lat" if form.lat is None else "lon")
    made = await tx.conn.fetchval(
        "INSERT INTO projects_sector_project (division_code, sector, title, number, amount_fen, finished_on, lat, lon,"
        " told_by, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (division_code, sector, title, finished_on) DO NOTHING RETURNING id",
        village,
        form.sector,
        form.title,
        form.number,
        form.amount_fen,
        form.finished_on,
        form.lat,
        form.lon,
        tx.actor.name,
        tx.actor.user_id,
        tx.now,
    )
    if made is not None:
        await tx.note(("projects_sector_project", made, village), "projects.sector.add", title=form.title)
    return int(made) if made is not None else None
