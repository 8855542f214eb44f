"""A dashboard as a spreadsheet: what was asked on the first sheet, every figure of every place on the second."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from projects.overview.queries import Row, Scope
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import Book, Column
from quzhou_migrants.web.divisions import Places

MONEY = ("award_fen", "contract_fen")


def _t(key: str) -> str:
    return CATALOGUE.text(f"projects.overview.{key}")


def facts(tx: Tx, scope: Scope, known: Places) -> list[tuple[str, str]]:
    """Say what the figures are about, who made the file and when."""
    place = known.name(scope.division) if scope.division else _t("everywhere")
    return [
        (CATALOGUE.text("list.what"), _t("title")),
        (CATALOGUE.text("list.filters"), f"{_t('place')} {place}；{_t('year')} {scope.year or _t('all_years')}"),
        (CATALOGUE.text("list.maker"), f"{tx.actor.title} {tx.actor.name}"),
        (CATALOGUE.text("list.made_at"), f"{shanghai(tx.now):%Y-%m-%d %H:%M}"),
    ]


def book(about: list[tuple[str, str]], rows: Sequence[Row], known: Places) -> bytes:
    """Write the figures, one row a place, in the words of the lists behind them. Units: yuan for money."""
    names = [name for name in rows[0] if name not in {"place", "whole", "people", *MONEY}] if rows else []
    columns = [
        Column(_t("place")),
        Column(_t("projects"), "integer"),
        *(Column(_t(name), "yuan") for name in MONEY),
        *(Column(CATALOGUE.text(f"list.overview.measure.{name}"), "integer") for name in names),
    ]
    out = BytesIO()
    with Book(out) as made:
        made.facts(CATALOGUE.text("list.about"), about)
        sheet = made.table(_t("title"), columns)
        for row in rows:
            sheet.add((known.name(row["place"]), row["whole"], *(row[n] for n in MONEY), *(row[n] for n in names)))
    return out.getvalue()
