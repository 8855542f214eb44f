"""What is typed into an application is kept, part by part; what two people changed at once is decided between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from projects.intake import editors, queries
from projects.intake.draft import standing
from projects.intake.forms import SECTIONS
from projects.permissions import P
from projects.queries import lock, subject
from projects.states import EDITABLE
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.grams import bigrams
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form, read_raw

Row = dict[str, Any]


def editable(row: Row) -> None:
    """Let only an application pass that is in the village's hands. Raises: Refused PRJ-105."""
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-105")


@command(P.SUBMIT, audit="projects.application.keep")
async def keep(tx: Tx, project_id: int, section: str, form: Form[Any]) -> Row:
    """Keep what was typed in one part, right or wrong, and let the title follow.

    A form says what it was filled from (`seen`); what somebody else changed meanwhile is not overwritten.
    Shape: the row, with `clashes`, the answers both changed, and `seen` for the next saving of the same form.
    Raises: Refused PRJ-105, the application is no longer in the village's hands; KRN-404.
    """
    row = await lock(tx, project_id)
    editable(row)
    names = {f.name for f in msgspec.structs.fields(SECTIONS[section])}
    typed = {
        k: [_storable(v) for v in values[:1] if isinstance(v, str)]
        for k, values in form.raw.items()
        if k.partition(".")[0] in names
    }
    stands = row["draft"].get(section, {})
    merged = editors.merge(editors.read_marks(form.text("seen")), standing(section, stands), typed)
    if merged.clashes:
        await _clash(tx, row, section, typed, merged.clashes)
    if editors.changed(merged.kept, stands):
        await _write(tx, row, section, merged.kept)
    return {**row, "clashes": merged.clashes, "seen": editors.write_marks(merged.seen)}


async def _write(tx: Tx, row: Row, section: str, kept: dict[str, list[str]]) -> None:
    """Put one part into the draft, with who wrote it; title and category follow what can be read."""
    title, category = row["title"], row["category"]
    if section == "basics":
        clean = read_raw(dict(kept), SECTIONS[section], partial=True).clean
        title, category = clean.get("title", title), str(clean.get("category", category))
    by = {**row["draft"].get(BY, {}), section: [tx.actor.name, tx.now.isoformat(timespec="seconds")]}
    row["draft"] = {**row["draft"], section: kept, BY: by}
    row["title"], row["category"] = title, category
    row["version"] = await tx.conn.fetchval(
        "UPDATE projects_project SET draft = $2::jsonb, title = $3, category = $4, title_grams = $5,"
        " version = version + 1 WHERE id = $1 RETURNING version",
        row["id"],
        json.dumps(row["draft"], ensure_ascii=False),
        title,
        category,
        bigrams(title),
    )


BY = "_by"
"""Beside the parts of a draft: who saved which part last, and when."""


async def _clash(tx: Tx, row: Row, section: str, typed: dict[str, list[str]], names: tuple[str, ...]) -> None:
    """Keep the slower text beside the draft, one note per person and part until it is settled."""
    mine = {k: v for k, v in typed.items() if k.partition(".")[0] in names}
    theirs = {k: v for k, v in row["draft"].get(section, {}).items() if k.partition(".")[0] in names}
    who = row["draft"].get(BY, {}).get(section, ["", ""])[0]
    fresh = await tx.conn.fetchval(
        "INSERT INTO projects_draft_clash (project, division_code, section, mine, theirs, theirs_by, by_user, by_name,"
        " at) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8, $9)"
        " ON CONFLICT (project, section, by_user) WHERE settled_at IS NULL"
        " DO UPDATE SET mine = projects_draft_clash.mine || excluded.mine, theirs = excluded.theirs, at = excluded.at"
        " RETURNING xmax = 0",
        row["id"],
        row["division_code"],
        section,
        json.dumps(mine, ensure_ascii=False),
        json.dumps(theirs, ensure_ascii=False),
        who,
        tx.actor.user_id or 0,
        tx.actor.name,
        tx.now,
    )
    if fresh:
        await tx.note(subject(row), "projects.application.clash", note="、".join(_field_titles(names)), other=who)


def _field_titles(names: tuple[str, ...]) -> list[str]:
    return [CATALOGUE.text(f"projects.field.{name}") for name in names]


@command(P.SUBMIT, audit="projects.application.settle")
async def settle(tx: Tx, project_id: int, clash_id: int, seen: str, mine: Sequence[str]) -> Row:
    """Decide between two texts, answer by answer; both stay on record.

    Raises: Refused KRN-404, PRJ-105, PRJ-184 (somebody changed the part again since it was looked at).
    """
    row = await lock(tx, project_id)
    editable(row)
    clash = next((c for c in await queries.clashes(tx, project_id) if c["id"] == clash_id), None)
    if clash is None:
        raise Refused("KRN-404")
    section = clash["section"]
    stands = row["draft"].get(section, {})
    if editors.write_marks(editors.marks(standing(section, stands))) != seen:
        raise Refused("PRJ-184")
    chosen = {k: v for k, v in clash["mine"].items() if k.partition(".")[0] in mine}
    rest = {k: v for k, v in stands.items() if k.partition(".")[0] not in mine}
    if chosen:
        await _write(tx, row, section, {**rest, **chosen})
    await tx.conn.execute("UPDATE projects_draft_clash SET settled_at = $2 WHERE id = $1", clash_id, tx.now)
    await tx.note(subject(row), "projects.application.settle", note="、".join(_field_titles(tuple(mine))))
    return row


def _storable(text: str) -> str:
    """What was typed, without what no database column holds (NUL, halves of characters)."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
