"""The change order as a printed form: what was agreed, what shall hold, the rules, the opinions so far."""

from __future__ import annotations

from datetime import date
from typing import Any

from projects.changes import places, queries
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.journal import Entry
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text

Row = dict[str, Any]
SIGNS = ("village", "township", "county", "leader")


def _t(key: str) -> str:
    return CATALOGUE.text(f"projects.change.{key}")


def change_form(row: Row, project: Row, entries: list[Entry], author: str) -> Document:
    """Lay a change order out for signatures and the archive; a frozen value for another process to print."""
    facts = (
        ("paper.project", project["title"]),
        ("paper.code", project["code"]),
        ("paper.place", project["county_name"] + project["township_name"] + project["village_name"]),
        ("paper.action", _t(row["action"])),
        ("paper.cause", CATALOGUE.text(f"projects.cause.{row['cause']}")),
        ("paper.reason", row["reason"]),
        ("paper.growth", f"{yuan(row['growth_fen'])} {_t('paper.yuan')}" if row["growth_fen"] else ""),
        ("paper.keep", f"{yuan(row['keep_fen'])} {_t('paper.yuan')}" if row["keep_fen"] else ""),
        ("paper.audit", row["audit_doc"]),
        ("paper.proposed", f"{shanghai(row['proposed_at']):%Y-%m-%d %H:%M}"),
        ("paper.state", CATALOGUE.state("CHANGE", row["state"])),
    )
    blocks = [
        Fields(tuple((_t(key), value) for key, value in facts if value)),
        *_compared(row),
        Heading(_t("paper.opinions")),
        _opinions(entries),
        Text(_t("paper.rule") + row["policy"][:16], small=True, indent=False),
        Signs(tuple(_t(f"sign.{who}") for who in SIGNS)),
    ]
    footer = f"{project['code']} / {row['id']}"
    return Document(_t("paper.title"), tuple(blocks), number=row["doc_no"], author=author, footer=footer)


def _compared(row: Row) -> list[Heading | Grid]:
    lines = [
        (_t(f"field.{name}"), _value(name, before), _value(name, after))
        for name, before, after in queries.compared(row)
    ]
    if "lat" in row["before"]:
        sides = (row["before"], row["after"])
        spots = [places.written(s.get("lat"), s.get("lon"), s.get("shape") or "")["shape"] for s in sides]
        if spots[0] != spots[1]:
            lines.append((_t("field.position"), *spots))
    if not lines:
        return []
    head = tuple(_t(key) for key in ("paper.what", "before", "after"))
    return [Heading(_t("paper.compared")), Grid(head, tuple(lines), (1, 2, 2))]


def _value(name: str, value: Any) -> str:  # noqa: ANN401 - any kept value
    if value is None:
        return ""
    return f"{yuan(int(value))} {_t('paper.yuan')}" if name.endswith("_fen") else str(value)


def _opinions(entries: list[Entry]) -> Grid:
    """Every step so far, the oldest first."""
    rows = tuple(
        (f"{e.at:%Y-%m-%d}", f"{e.title} {e.who}".strip(), e.sentence, str(e.facts.get("reason") or ""))
        for e in reversed(entries)
    )
    head = tuple(_t(f"paper.{key}") for key in ("day", "who", "step", "opinion"))
    return Grid(head, rows, (1, 1.6, 1, 2))


def file_name(row: Row, today: date) -> str:
    """Name the file of a form."""
    return f"change-{row['id']}-{today:%Y%m%d}"
