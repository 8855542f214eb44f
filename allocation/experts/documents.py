"""The record of a draw on paper, with places for those who drew, prepared and saw it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from allocation.competitive import queries as rounds
from allocation.experts import view
from allocation.experts.view import Shown, Stand
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
ORDER_SHOWN = 8
BETWEEN = "、"


def _t(key: str) -> str:
    return CATALOGUE.text(f"draw_record.{key}")


def _word(name: str) -> str:
    return CATALOGUE.text(f"word.{name}")


async def record(tx: Tx, draw_id: int) -> Document:
    """Lay a draw out. Raises: Refused KRN-404, nothing was drawn yet."""
    shown = await view.shown(tx, draw_id)
    row = shown.draw
    if not row["seed"]:
        raise Refused("KRN-404")
    owner = await rounds.round_of(tx, row["round"])
    groups = BETWEEN.join(f"{_word(g.speciality)} {g.seats} {_t('people')}" for g in row["groups"])
    facts = (
        ("round", owner["title"]),
        ("groups", groups),
        ("avoid", BETWEEN.join(CATALOGUE.text(f"bar.{name}") for name in shown.frame.terms.avoid)),
        ("frozen", f"{row['frozen_name']}  {shanghai(row['frozen_at']):%Y-%m-%d %H:%M}"),
        ("drawn", f"{row['drawn_name']}  {shanghai(row['drawn_at']):%Y-%m-%d %H:%M}"),
        ("seed", row["seed"]),
        ("source", row["seed_source"]),
        ("sha", row["sha256"]),
    )
    blocks = (
        Fields(tuple((_t(key), value) for key, value in facts if value)),
        Heading(_t("result")),
        _drawn(shown),
        Heading(_t("barred")),
        _barred(shown.barred),
        Text(_t("rule"), small=True, indent=False),
        Heading(_t("signs")),
        Signs(tuple(_t(f"sign.{who}") for who in ("draw", "freeze", "witness"))),
    )
    return Document(_t("title"), blocks, author=tx.actor.org_name, footer=owner["title"])


def _drawn(shown: Shown) -> Grid:
    rows = tuple(
        (
            x["number"],
            x["name"],
            x["employer"],
            _word(x["speciality"]),
            f"{CATALOGUE.text('seat_role.' + x['role'])} {x['rank']}",
            shown.place.get(x["number"], "")[:ORDER_SHOWN],
            CATALOGUE.state("DRAWN_EXPERT", x["state"]),
            x["reason"],
        )
        for x in shown.lines
    )
    head = tuple(_t(k) for k in ("number", "name", "employer", "speciality", "role", "order", "state", "reason"))
    return Grid(head, rows, (1.6, 0.9, 2.2, 0.7, 0.9, 1.4, 0.9, 1))


def _barred(stands: tuple[Stand, ...]) -> Grid:
    """Count the reasons; the names of those who were left out are nobody's business on paper."""
    counts = Counter(bar for s in stands for bar in {bar for bar, _ in s.barred})
    rows = tuple((CATALOGUE.text(f"bar.{bar}"), str(count)) for bar, count in sorted(counts.items()))
    return Grid((_t("why"), _t("people")), rows, (3, 1), frozenset({1}))
