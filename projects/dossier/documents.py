"""The sheets that the system itself puts into a dossier: what it knows of a project, stage by stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from projects.assets.queries import end_of, shares
from projects.dossier.binding import Part, Words
from projects.intake.queries import behind
from projects.queries import PROJECT
from projects.works.queries import seen_points
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.render import nice_date, nice_percent, nice_time

Row = dict[str, Any]
MOST_LINES = 500
NOTHING = "—"


def _say(key: str) -> str:
    return CATALOGUE.text(f"projects.sheet.{key}")


def words() -> Words:
    """Give the sentences of the binding."""
    heads = (_say("no"), _say("stage"), _say("paper"), _say("page"))
    return Words(_say("contents"), heads, _say("page_of"), _say("unprinted"), _say("generated"))


def _fields(row: Row, names: Sequence[str]) -> Fields:
    return Fields(tuple((label(name), _value(name, row[name])) for name in names))


def label(name: str) -> str:
    """Name a column of a project as people name it."""
    for key in (f"projects.sheet.{name}", f"projects.field.{name}", f"list.{name}"):
        if (said := CATALOGUE.text(key)) != key:
            return said
    return name


def _value(name: str, value: Any) -> str:  # noqa: ANN401 - a database value
    if value is None or value == "":
        return NOTHING
    if name.endswith("_fen"):
        return yuan(int(value))
    if name.endswith("_bp"):
        return nice_percent(int(value))
    if name.endswith(("_on", "valid_until")):
        return nice_date(value)
    if name.endswith("_at"):
        return nice_time(value)
    return CATALOGUE.text(_WORDS[name] + str(value)) if name in _WORDS else str(value)


_WORDS = {
    "category": "list.category.", "way": "list.way.", "body": "projects.body.", "method": "projects.method.",
    "kind": "list.kind.", "part": "projects.part.",
}  # fmt: skip


def _grid(rows: Sequence[Row], names: Sequence[str], widths: tuple[float, ...] = ()) -> Grid:
    right = frozenset(n for n, name in enumerate(names) if name.endswith(("_fen", "_bp")))
    body = tuple(tuple(_value(name, r[name]) for name in names) for r in rows)
    return Grid(tuple(label(name) for name in names), body, widths, right)


def _part(stage: str, name: str, row: Row, blocks: Sequence[Block]) -> Part:
    title = _say(name)
    document = Document(title, tuple(blocks), row["code"], footer=_say("generated"))
    return Part(CATALOGUE.text(f"projects.stage.{stage}"), title, f"{title}.pdf", document)


async def sheets(tx: Tx, row: Row) -> list[tuple[str, Part]]:
    """Write the sheets of a project. Shape: [(stage, part)]."""
    found = [("intake", _part("intake", "basics", row, [_fields(row, _BASICS)]))]
    decision, notice = await behind(tx, row["id"], row["round"])
    if decision:
        blocks: list[Block] = [_fields(decision, _DECISION)]
        blocks += [Heading(_say("notice")), _fields(notice, _NOTICE)] if notice else []
        found.append(("intake", _part("intake", "decision", row, blocks)))
    if contract := await _rows(tx, "SELECT * FROM projects_contract WHERE project = $1", row["id"]):
        steps = await _rows(tx, "SELECT * FROM projects_milestone WHERE project = $1 ORDER BY seq", row["id"])
        blocks = [_fields(contract[0], _CONTRACT), Heading(_say("milestones")), _grid(steps, _STEP, (4, 1.2, 2, 1.6))]
        found.append(("contract", _part("contract", "contract", row, blocks)))
    if points := await seen_points(tx, row["id"]):
        found.append(("building", _part("building", "progress", row, [_grid(points, _POINT)])))
    found += await _end(tx, row)
    return [*found, ("other", await _trail(tx, row))]


async def _end(tx: Tx, row: Row) -> list[tuple[str, Part]]:
    end = await end_of(tx, row["id"])
    found: list[tuple[str, Part]] = []
    blocks: list[Block] = []
    for held in end["pre_acceptances"]:
        blocks += [Heading(_say("pre_acceptance")), _fields(held, ("held_on", "members", "note"))]
    if end["defects"]:
        blocks += [Heading(_say("defects")), _grid(end["defects"], _DEFECT, (5, 1.6, 1.6, 3))]
    if end["audit"]:
        blocks += [Heading(_say("audit")), _fields(end["audit"], _AUDIT)]
    if end["acceptance"]:
        blocks += [Heading(_say("acceptance")), _opinions(end["acceptance"])]
    if end["warranties"]:
        blocks += [Heading(_say("warranties")), _grid(end["warranties"], ("part", "starts_on", "ends_on"))]
    if blocks:
        found.append(("acceptance", _part("acceptance", "end", row, blocks)))
    for asset in end["assets"]:
        owners = await shares(tx, asset["id"])
        card: list[Block] = [_fields(asset, _ASSET), Heading(_say("owners")), _grid(owners, _SHARE)]
        found.append(("handover", _part("handover", "asset", row, card)))
    return found


def _opinions(held: Row) -> Fields:
    known = held["opinions"]
    opinions = json.loads(known) if isinstance(known, str) else known
    said = [
        (CATALOGUE.text(f"projects.aspect.{side}"), _say(str(opinion))) for side, opinion in sorted(opinions.items())
    ]
    plain = [(label(n), _value(n, held[n])) for n in ("held_on", "members", "settled_fen", "note")]
    return Fields((*plain, *said))


async def _trail(tx: Tx, row: Row) -> Part:
    entries = reversed(await timeline(tx, PROJECT, row["id"], limit=MOST_LINES))
    rows = tuple(
        (nice_time(shanghai(e.at)), f"{e.title} {e.who}".strip(), e.sentence, e.clause or NOTHING) for e in entries
    )
    head = tuple(_say(name) for name in ("when", "who", "what", "clause"))
    return _part("other", "trail", row, [Grid(head, rows, (2.2, 2.8, 3, 3))])


async def _rows(tx: Tx, text: str, key: int) -> list[Row]:
    return [dict(r) for r in await tx.conn.fetch(text, key)]


_BASICS = (
    "code", "title", "full_name", "category", "way", "place", "content", "estimate_fen", "asked_fen", "own_fen",
    "other_fen", "award_fen", "beneficiaries", "migrants", "low_income", "goals", "starts_on", "ends_on",
    "asset_owner", "caretaker", "receipt", "submitted_at", "admitted_at", "valid_until", "plan_year",
)  # fmt: skip
_DECISION = (
    "body", "told_on", "held_on", "due", "representatives", "women", "present", "votes_for", "votes_against",
    "abstained", "basis",
)  # fmt: skip
_NOTICE = ("starts_on", "ends_on", "place", "objections", "answered", "outcome")
_CONTRACT = (
    "number", "method", "contractor", "credit_code", "supervisor", "amount_fen", "signed_on", "starts_on", "ends_on",
)  # fmt: skip
_STEP = ("title", "weight_bp", "planned_on", "progress_bp")
_POINT = ("seen_on", "planned_bp", "progress_bp")
_DEFECT = ("content", "due_on", "mended_on", "mended_note")
_AUDIT = ("firm", "report_no", "audited_on", "submitted_fen", "settled_fen", "note")
_ASSET = ("number", "name", "kind", "quantity", "value_fen", "place", "in_use_on", "caretaker")
_SHARE = ("owner", "invested_fen", "share_bp")
