"""A pool sent as a table: read, checked cell by cell, taken in whole or not at all; safe to send again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from allocation.experts import service
from allocation.experts.forms import ExpertForm
from allocation.experts.rules import plain
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.sheets import read_batches
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Typed, read_raw

HEAD_ROWS = 10
FIELDS = ("name", "employer", "county", "specialities", "grade", "title", "valid_from", "valid_until", "note")
NEEDED = {"name", "employer", "county", "specialities", "grade", "valid_from", "valid_until"}
BETWEEN = re.compile(r"[\s,，、;；/]+")


def titles() -> dict[str, str]:
    """Name the columns. Shape: {heading: field}."""
    return {CATALOGUE.text(f"experts.sheet.{name}"): name for name in FIELDS}


@command(P.KEEP_EXPERTS, audit="allocation.expert.sheet")
async def take_in(tx: Tx, path: Path) -> tuple[int, int]:
    """Take a table of experts into one's own pool; who is there already, by name and employer, is left.

    Shape: (taken in, rows read).
    Raises: Refused ALC-337 (no heading or no row), ALC-319 (too many); Invalid ALC-349 naming every wrong cell.
    """
    grid = [row async for batch in read_batches(path) for row in batch]
    head, places = _heading(grid)
    rows = [(n, cells) for n, cells in enumerate(grid, 1) if n > head and any(c.strip() for c in cells)]
    most = tx.policy.whole("allocation.experts.sheet_rows_most")
    if not rows:
        raise Refused("ALC-337", field="sheet")
    if len(rows) > most:
        raise Refused("ALC-319", field="sheet", most=most, count=len(rows))
    forms = _read(rows, places, await _words(tx))
    there = await tx.conn.fetch(
        "SELECT name, employer FROM allocation_pool_expert WHERE division_code = $1 AND state <> 'removed'",
        tx.actor.division_code,
    )
    known = {(plain(r["name"]), plain(r["employer"])) for r in there}
    return await _admit(tx, forms, known), len(forms)


async def _admit(tx: Tx, forms: Sequence[tuple[int, ExpertForm]], known: set[tuple[str, str]]) -> int:
    taken, wrong = 0, []
    for row, form in forms:
        who = (plain(form.name), plain(form.employer))
        if who in known:
            continue
        known.add(who)
        try:
            await service.admit(tx, form)
            taken += 1
        except Invalid as refused:
            wrong += [_slip(row, p) for p in refused.problems]
    if wrong:
        raise Invalid(wrong)
    return taken


def _slip(row: int, problem: Problem) -> Problem:
    column = {field: title for title, field in titles().items()}.get(problem.field, "")
    return Problem("ALC-349", "sheet", {"row": row, "column": column, "why": CATALOGUE.sentence(problem)})


def _heading(grid: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    known = titles()
    for row, cells in enumerate(grid[:HEAD_ROWS], 1):
        places = {known[c.strip()]: i for i, c in enumerate(cells) if c.strip() in known}
        if places.keys() >= NEEDED:
            return row, places
    raise Refused("ALC-337", field="sheet")


async def _words(tx: Tx) -> dict[str, str]:
    """Give what people write for a place, a speciality, a grade. Shape: {what is written: code}."""
    rows = await tx.conn.fetch(
        "SELECT left(code, 6) AS code, name FROM kernel_division WHERE level = 'county' AND active"
    )
    words = {r["name"]: r["code"] for r in rows}
    words |= {CATALOGUE.text(f"word.{s}"): s for s in tx.policy.get("allocation.experts.specialities")}
    return words | {CATALOGUE.text(f"grade.{g}"): g for g in tx.policy.get("allocation.experts.grades")}


def _read(
    rows: Sequence[tuple[int, Sequence[str]]], places: dict[str, int], words: dict[str, str]
) -> list[tuple[int, ExpertForm]]:
    found: list[tuple[int, ExpertForm]] = []
    slips: list[Problem] = []
    for row, cells in rows:
        raw: Typed = {name: [cells[at].strip()] for name, at in places.items() if at < len(cells)}
        for name in ("county", "grade"):
            raw[name] = [words.get(v, v) for v in raw.get(name, [])]
        raw["specialities"] = [words.get(v, v) for v in BETWEEN.split("".join(raw.get("specialities", []))) if v]
        form = read_raw(raw, ExpertForm)
        if form.ok:
            found.append((row, form.value))
        slips += [_slip(row, p) for p in form.problems]
    if slips:
        raise Invalid(slips)
    return found
