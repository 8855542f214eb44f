"""The notice of a run's result as an official letter: words of the notice, tables of the run.

Source: GB/T 9704-2012; 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from allocation.factor.frozen import Inputs, thaw
from allocation.factor.rules import Split
from allocation.factor.scheme import Part
from allocation.factor.scheme_diff import rules_beside
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.letter import Annex, Letter
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Grid, Heading, Text

Row = dict[str, Any]
COLUMNS = 5  # factors beside each other before the table of data is broken


def _t(key: str, **facts: object) -> str:
    return CATALOGUE.text(f"factor.notice.{key}").format(**facts)


def proposal(row: Row, inputs: Inputs, given_fen: int, org: str) -> Row:
    """Propose the words of a notice: fields of `NoticeForm`."""
    facts = {
        "batch": row["doc_no"],
        "title": row["batch_title"],
        "given": yuan(given_fen),
        "scheme": inputs.scheme.title,
        "number": row["scheme_number"],
        "sha": row["sha256"][:16],
        "org": org,
    }
    return {
        "title": _t("title", **facts),
        "addressees": _t("to_townships" if row["level"] == "county" else "to"),
        "body": "\n".join(_t(f"body.{n}", **facts) for n in range(1, 6)),
        "signer": org,
        "copies": _t("copies"),
    }


def letter_of(notice: Row, frozen: str, day: date | None) -> Letter:
    """Put a notice and the frozen inputs of its run together; without a day it is a draft."""
    inputs = thaw(json.loads(frozen))
    annexes = (
        Annex(_t("annex.shares"), tuple(_shares(inputs, inputs.split()))),
        Annex(_t("annex.data"), tuple(_data(inputs))),
    )
    return Letter(
        office=_t("office", org=notice["signer"]),
        number=notice["doc_no"],
        title=notice["title"],
        to=notice["addressees"],
        paragraphs=tuple(notice["body"].splitlines()),
        signer=notice["signer"],
        day=day,
        annexes=annexes,
        copies=notice["copies"],
        printer=notice["signer"],
        footer="".join(
            (_t("footer", sha=notice["run_sha256"]), "" if day else _t("draft"), _t("demo") * bool(notice["is_demo"]))
        ),
    )


def _shares(inputs: Inputs, outcome: Split) -> list[Block]:
    columns = [(f"part.{part.value}", outcome.parts[part]) for part in Part if part in outcome.parts]
    columns = [("factor.notice.fixed", outcome.fixed)] * bool(outcome.fixed) + columns
    columns += [("factor.notice.adjusted", outcome.adjusted)] * any(outcome.adjusted.values())
    columns.append(("factor.notice.total", outcome.shares))
    rows = [(u.name, *(yuan(c.get(u.code, 0)) for _, c in columns)) for u in inputs.in_order]
    rows.append((_t("sum"), *(yuan(sum(c.values())) for _, c in columns)))
    head = (_t("unit"), *(CATALOGUE.text(key) for key, _ in columns))
    right = frozenset(range(1, len(head)))
    grid = Grid(head, tuple(rows), (1.2, *(1.5 for _ in columns)), right, total=True)
    blocks: list[Block] = [Text(_t("yuan"), align="right", indent=False, small=True), grid]
    if outcome.reserve_fen:
        blocks.append(Text(_t("reserve", fen=yuan(outcome.reserve_fen)), indent=False, small=True))
    return blocks


def _data(inputs: Inputs) -> list[Block]:
    scheme, values = inputs.scheme, inputs.table()
    text = CATALOGUE.text
    weights = tuple(
        (
            f.title + (_t("per", title=scheme.factor(f.per).title) if f.per else "")
            + (_t("times", title=scheme.factor(f.times).title) if f.times else ""),
            text(f"part.{f.part.value}"),
            f"{f.weight_bp / 100:g}%",
            text(f"form.{f.form.value}"),
            f.source,
        )
        for f in scheme.factors
        if f.weight_bp
    )  # fmt: skip
    head = tuple(_t(f"head.{k}") for k in ("factor", "part", "weight", "form", "source"))
    blocks: list[Block] = [Heading(_t("weights")), Grid(head, weights, (2, 0.8, 0.9, 1.6, 2.6), frozenset({2}))]
    for n in range(0, len(scheme.factors), COLUMNS):
        shown = scheme.factors[n : n + COLUMNS]
        names = (_t("unit"), *(f.title + (f"（{f.unit}）" if f.unit else "") for f in shown))
        rows = tuple((u.name, *(values.get(f.key, {}).get(u.code, "") for f in shown)) for u in inputs.in_order)
        widths = (1.2, *(1.4 for _ in shown))
        blocks += [Heading(_t("values")), Grid(names, rows, widths, frozenset(range(1, len(names))))]
    sources = dict.fromkeys((d.factor, d.source, d.as_of) for d in inputs.data)
    blocks += [
        Text(_t("source", title=scheme.factor(key).title, source=source, day=day), indent=False, small=True)
        for key, source, day in sources
    ]
    names_of = {u.code: u.name for u in inputs.units}
    rules = [(what, words) for what, words in rules_beside(scheme, names_of) if words]
    blocks.append(Heading(_t("rules")))
    blocks += [Text(_t("rule", what=what, words=words), indent=False, small=True) for what, words in rules]
    return blocks
