"""The record of a visit on paper, for the project's file: what was seen, where, when, by whom, signed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inspection.site_codes.rules import address
from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Picture, Signs, Text

Row = dict[str, Any]


def visit_record(row: Row, parts: Row, code: Row | None, base: str) -> Document:
    """Put a visit's rows into a document; pure, so that another process can print it."""
    blocks: list[Block] = [
        Fields(
            (
                (_t("project"), f"{row['project_title']} {row['project_code']}"),
                (_t("place"), row["full_name"]),
                (_t("inspector"), f"{row['inspector_title']} {row['inspector_name']}"),
                (_t("state"), CATALOGUE.state("VISIT", row["state"])),
                (_t("time"), f"{_time(row['started_at'])} — {_time(row['finished_at'])}"),
                (_t("received"), _time(row["received_at"])),
                (_t("position"), _position(row)),
                (_t("distance"), _metres(row["distance_m"])),
                (_t("contact"), f"{CATALOGUE.text('contact.' + row['contact_way'])} {_contact(row)}"),
                (_t("note"), row["note"] or "—"),
            )
        ),
        Heading(_t("progress")),
        Grid(
            (_t("milestone"), _t("weight"), _t("before"), _t("seen")),
            tuple((s["title"], _pct(s["weight_bp"]), _pct(s["before_bp"]), _pct(s["seen_bp"])) for s in parts["seen"]),
            (4, 1, 1, 1),
            frozenset({1, 2, 3}),
        ),
        Heading(_t("findings")),
        *_findings(parts["findings"]),
        Heading(_t("photos")),
        Grid(
            (_t("number"), _t("taken"), _t("distance"), "SHA-256"),
            tuple(
                (str(n), _time(p["taken_at"]), _metres(p["distance_m"]), p["sha256"])
                for n, p in enumerate(parts["photos"], 1)
            ),
            (1, 3, 2, 8),
        ),
        *(Text(f"{_t('mark')} {CATALOGUE.sentence(mark)}", small=True, indent=False) for mark in row["marks"]),
        Signs((_t("sign_inspector"), _t("sign_contact"), _t("sign_checked"), _t("sign_date"))),
    ]
    if code:
        blocks.append(Picture(qr.encode(address(base, code["token"])), _t("scan"), 30))
    number = f"{_t('number_line')} {row['id']}"
    return Document(_t("title"), tuple(blocks), number=number, footer=str(row["client_id"]))


def _t(key: str) -> str:
    return CATALOGUE.text(f"record.{key}")


def _time(moment: datetime) -> str:
    return f"{shanghai(moment):%Y-%m-%d %H:%M}"


def _pct(bp: int) -> str:
    return f"{bp / 100:g}%"


def _metres(distance: int | None) -> str:
    return "—" if distance is None else CATALOGUE.say("INS-290", {"n": f"{distance:,}"})


def _position(row: Row) -> str:
    if row["lat"] is None:
        return str(row["no_fix_reason"])
    return f"{row['lat']:.6f}, {row['lon']:.6f} ±{round(row['accuracy_m'] or 0)} m (CGCS2000)"


def _contact(row: Row) -> str:
    return str(row["contact_name"] or row["contact_reason"])


def _findings(found: Iterable[Row]) -> tuple[Block, ...]:
    rows = tuple(
        (
            CATALOGUE.text("finding." + f["kind"]),
            f["content"],
            f["measure"] or "—",
            str(f["due_on"] or "—"),
            CATALOGUE.state("FINDING", f["state"]),
        )
        for f in found
    )
    if not rows:
        return (Text(_t("none")),)
    return (Grid((_t("kind"), _t("content"), _t("measure"), _t("due"), _t("state")), rows, (2, 5, 4, 2.8, 2)),)
