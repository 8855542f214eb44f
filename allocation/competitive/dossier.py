"""The sheets of a round's dossier: what a stranger needs to follow it from the call to the last promotion.

Who opened the dossier sees in it no more than on the pages: while scores are sealed none stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from allocation.competitive import alternative_pages, documents, papers, publishing, queries, view
from allocation.competitive.rules import weighted, written
from allocation.competitive.service import FROZEN
from projects import public as projects
from projects.papers import Part, label
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
NOTHING = "—"
MOST_LINES = 500
HASH = 16  # digits of a hash that are printed beside a title


def _t(key: str, **facts: object) -> str:
    said = CATALOGUE.text(f"round.dossier.{key}")
    return said.format(**facts) if facts else said


def _part(stage: str, title: str, blocks: Sequence[Block], row: Row, *, wide: bool = False) -> Part:
    document = Document(title, tuple(blocks), footer=row["title"], wide=wide)
    return Part(_t(stage), title, f"{title}.pdf", document)


def _grid(
    heads: Iterable[str], rows: Iterable[Sequence[object]], widths: tuple[float, ...] = (), right: str = ""
) -> Grid:
    """Make a table whose heads are keys of the catalogue; `right` names the columns of figures."""
    names = tuple(heads)
    body = tuple(tuple(_said(v) for v in line) for line in rows)
    figures = frozenset(n for n, h in enumerate(names) if h in right.split())
    return Grid(tuple(_t(h) for h in names), body, widths, figures)


def _label(name: str) -> str:
    said = label(name)
    return said if said != name else _t(f"field.{name}")


def _said(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _t("yes" if value else "no_")
    return value if isinstance(value, str) else str(value)


async def parts(tx: Tx, round_id: int) -> list[Part]:
    """Write every sheet of a round and name its papers, in the order of the steps."""
    row = await queries.round_of(tx, round_id)
    rows = await queries.candidates(tx, round_id)
    found = [await _call(tx, row), _applicants(row, rows), *(_application(row, c) for c in rows)]
    found += await _papers(tx, rows)
    found += await _panel(tx, row, rows)
    if row["state"] not in queries.SEALED and row["state"] != "cancelled":
        found += await _scores(tx, row)
        found.append(await _ranking(tx, row))
    found += await _decisions(tx, row, rows)
    found += [_notice(row, n) for n in reversed(await projects.notices_of(tx, publishing.subject(row)))]
    if row["state"] in {"posted", "awarded"}:
        found.append(await _result(tx, row, rows))
    return [*found, await _trail(tx, row)]


async def _call(tx: Tx, row: Row) -> Part:
    terms = row["terms"]
    county = await tx.conn.fetchval("SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"])
    facts = (
        (_t("held_by"), county or row["division_code"]),
        (_t("pot"), row["pot_title"] or CATALOGUE.text("round.pot.own")),
        (_t("budget"), yuan(row["budget_fen"])),
        (_t("cap"), yuan(row["cap_fen"])),
        (_t("cut_rule"), CATALOGUE.text(f"cut.{row['cut_rule']}")),
        (_t("opens_on"), row["opens_on"].isoformat()),
        (_t("score_by"), row["score_by"].isoformat()),
        (_t("decide_by"), row["decide_by"].isoformat()),
        (_t("policy"), row["policy_version"][:HASH]),
        *((_t(f"terms.{name}"), _term(name, getattr(terms, name))) for name in terms.__slots__),
    )
    criteria = await queries.criteria(tx, row["id"])
    vetoes = await queries.vetoes(tx, row["id"])
    blocks: list[Block] = [Fields(facts), *(Text(line) for line in row["call"].splitlines() if line.strip())]
    blocks.append(Heading(_t("criteria")))
    blocks.append(
        _grid(
            ("no", "title", "weight", "hint"),
            [(c["seq"], c["title"], f"{written(Fraction(c['weight_bp'], 100))}%", c["hint"]) for c in criteria],
            (0.5, 2, 1, 4),
            "weight",
        )
    )
    if vetoes:
        blocks += [
            Heading(_t("vetoes")),
            _grid(("no", "title", "hint"), [(v["seq"], v["title"], v["hint"]) for v in vetoes], (0.5, 2, 4)),
        ]
    return _part("stage.call", _t("call"), blocks, row)


def _applicants(row: Row, rows: Sequence[Row]) -> Part:
    lines = [(c["code"], c["title"], c["place"], yuan(c["asked_fen"]), c["snapshot_hash"][:HASH]) for c in rows]
    grid = _grid(("code", "title", "place", "asked", "hash"), lines, (1.6, 2.6, 2, 1.4, 1.6), "asked")
    return _part("stage.applicants", _t("applicants"), [grid], row, wide=True)


def _frozen(name: str, value: object) -> str:
    """Say one value of a frozen application: moments by the clock of the place, choices by their names."""
    if value is None or value == "":
        return NOTHING
    text = str(value)
    if name.endswith("_fen"):
        return yuan(int(text))
    if name.endswith("_at"):
        return f"{shanghai(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
    return CATALOGUE.text(f"list.category.{text}") if name == "category" else text


def _term(name: str, value: object) -> str:
    """Say one rule of judging."""
    if name == "partial_bp":
        return f"{written(Fraction(str(value)) / 100)}%"
    return _t("veto_any") if name == "veto_share" and value == "0" else _said(value)


def _application(row: Row, candidate: Row) -> Part:
    snapshot = candidate["snapshot"]
    facts = tuple((_label(name), _frozen(name, snapshot[name])) for name in FROZEN if name in snapshot)
    blocks: list[Block] = [
        Fields(facts),
        Text(_t("fingerprint", sha=candidate["snapshot_hash"]), small=True, indent=False),
    ]
    return _part("stage.applicants", f"{candidate['code']} {candidate['title']}", blocks, row)


async def _papers(tx: Tx, rows: Sequence[Row]) -> list[Part]:
    found = []
    for c in rows:
        for paper in await papers.of_candidate(tx, c["id"]):
            path = blobs.blob_path(files.root(), paper["sha256"])
            if path.is_file():
                kind = CATALOGUE.text(f"projects.paper.{paper['kind']}")
                name = f"{c['code']} {kind} {paper['seq']}.{paper['media_type'].rpartition('/')[2]}"
                title = f"{c['code']} {kind} {paper['seq']}"
                found.append(Part(_t("stage.papers"), title, name, None, str(path), paper["media_type"]))
    return found


async def _panel(tx: Tx, row: Row, rows: Sequence[Row]) -> list[Part]:
    seats = await queries.experts(tx, row["id"], left=True)
    if not seats:
        return []
    members = [(e["seat"], e["name"], e["employer"], _t(f"source.{e['source']}"), e["left_reason"]) for e in seats]
    titles, number = {c["id"]: f"{c['code']} {c['title']}" for c in rows}, {e["id"]: e["seat"] for e in seats}
    said = [
        (number[d["expert"]], titles[d["candidate"]], CATALOGUE.state("REVIEW", d["state"]), _conflict(d), d["reason"])
        for d in await tx.conn.fetch("SELECT * FROM allocation_declaration WHERE round = $1 ORDER BY id", row["id"])
        if d["candidate"] in titles
    ]
    draws = await tx.conn.fetch("SELECT * FROM allocation_draw WHERE round = $1 ORDER BY seq", row["id"])
    drawn = [(d["seq"], d["sha256"], d["seed"], d["seed_source"], d["frozen_name"], d["drawn_name"]) for d in draws]
    blocks: list[Block] = [_grid(("seat", "name", "employer", "source", "left"), members, (0.6, 1.2, 2.4, 1, 2.4))]
    if drawn:
        blocks += [
            Heading(_t("draws")),
            _grid(("no", "sha", "seed", "seed_source", "frozen_by", "drawn_by"), drawn, (0.5, 4, 2, 2, 1, 1)),
        ]
    heads = ("seat", "title", "state", "conflict", "reason")
    return [
        _part("stage.panel", _t("panel"), blocks, row, wide=True),
        _part("stage.panel", _t("declarations"), [_grid(heads, said, (0.6, 3, 1.2, 2, 2.4))], row, wide=True),
    ]


def _conflict(declaration: Any) -> str:  # noqa: ANN401 - a database record
    return CATALOGUE.text(f"conflict.{declaration['conflict']}") if declaration["conflict"] else ""


async def _scores(tx: Tx, row: Row) -> list[Part]:
    criteria = await queries.criteria(tx, row["id"])
    known = queries.for_rules(criteria)
    given = await queries.scores(tx, row)
    seats = {e["id"]: e["seat"] for e in await queries.experts(tx, row["id"])}
    remarks = {
        (r["candidate"], r["expert"]): r["comment"]
        for r in await tx.conn.fetch(
            "SELECT candidate, expert, comment FROM allocation_declaration WHERE round = $1", row["id"]
        )
    }
    found = []
    for sheet in await view.sheets(tx, row):
        c, dropped = sheet.candidate, {seat for seat, _, out in sheet.marks if out}
        lines = []
        for expert, points in sorted(given.get(c["id"], {}).items(), key=lambda p: seats[p[0]]):
            seat = seats[expert]
            total = written(weighted(points, known))
            mark = _t("dropped") if seat in dropped else ""
            lines.append((seat, *(points[k["id"]] for k in criteria), total, mark, remarks.get((c["id"], expert))))
        head = (_t("seat"), *(k["title"] for k in criteria), _t("total"), _t("counted"), _t("remark"))
        body = tuple(tuple(_said(v) for v in line) for line in lines)
        widths = (0.6, *(1.0 for _ in criteria), 1, 1, 3)
        grid = Grid(head, body, widths, frozenset(range(1, len(criteria) + 2)))
        mean = _t("mean", mean=written(c["mean"]), exact=str(c["mean"]), counted=c["counted"], given=c["given"])
        blocks: list[Block] = [grid, Text(mean if not c["vetoed"] else mean + _t("ruled_out"), indent=False)]
        title = _t("score_sheet", code=c["code"], title=c["title"])
        found.append(_part("stage.scores", title, blocks, row, wide=True))
    return found


async def _ranking(tx: Tx, row: Row) -> Part:
    rows, base, made = await alternative_pages.alternatives(tx, row)
    lines = [
        (c["rank"], f"{c['code']} {c['title']}", written(c["mean"]), str(c["mean"]), yuan(c["asked_fen"]),
         yuan(c["proposed_fen"] or 0))
        for c in rows
        if c["mean"] is not None
    ]  # fmt: skip
    grid = _grid(
        ("rank", "title", "score", "exact", "asked", "proposed"), lines, (0.6, 3, 0.9, 1.4, 1.4, 1.4),
        "score exact asked proposed",
    )  # fmt: skip
    other = [
        (
            alternative_pages.title_of(a.key),
            sum(p.fen > 0 for p in a.places.values()),
            yuan(sum(p.fen for p in a.places.values())),
            "、".join(a.changed),
        )
        for a in made
    ]
    total = yuan(sum(p.fen for p in base.values()))
    blocks: list[Block] = [grid, Text(_t("sum", money=total, budget=yuan(row["budget_fen"])), indent=False)]
    blocks += [Heading(_t("others")), Text(_t("others_note"), small=True, indent=False)]
    blocks.append(_grid(("rule", "given", "money", "changed"), other, (3, 1, 1.6, 3), "given money"))
    return _part("stage.ranking", _t("ranking"), blocks, row, wide=True)


async def _decisions(tx: Tx, row: Row, rows: list[Row]) -> list[Part]:
    found = []
    for n, decision in enumerate(await queries.decisions(tx, row["id"]), 1):
        document = documents.laid_out(tx.actor.org_name, row, decision, rows)
        title = _t("minutes", n=n) if decision["standing"] else _t("minutes_back", n=n)
        found.append(Part(_t("stage.decision"), title, f"{title}.pdf", document))
        for file in await files.files_of(tx, (publishing.DECISION, decision["id"])):
            path = blobs.blob_path(files.root(), file.sha256)
            if path.is_file():
                found.append(Part(_t("stage.decision"), _t("signed", n=n), file.name, None, str(path), file.media_type))
    return found


def _notice(row: Row, notice: Row) -> Part:
    facts = (
        (_t("title"), notice["title"]),
        (_t("hangs"), f"{notice['starts_on']} — {notice['ends_on']}"),
        (_t("state"), CATALOGUE.state("NOTICE", notice["state"])),
        (_t("place"), notice["place"]),
        (_t("rule"), notice["rule"]),
        (_t("outcome"), _said(notice["outcome"])),
    )
    blocks: list[Block] = [Fields(facts), *(Text(line) for line in notice["body"].splitlines() if line.strip())]
    if notice["objections"]:
        lines = [
            (
                o["receipt"],
                o["received_on"],
                o["text"],
                CATALOGUE.state("OBJECTION", o["state"]),
                o["answer"],
                o["ground"],
            )
            for o in notice["objections"]
        ]
        heads = ("receipt", "received", "said", "state", "answer", "ground")
        blocks += [Heading(_t("objections")), _grid(heads, lines, (1.4, 1, 3, 1, 3, 1.6))]
    return _part("stage.notice", notice["title"], blocks, row, wide=True)


async def _result(tx: Tx, row: Row, rows: Sequence[Row]) -> Part:
    lines = [
        (c["rank"], f"{c['code']} {c['title']}", yuan(c["decided_fen"] or 0),
         NOTHING if c["awarded_fen"] is None else yuan(c["awarded_fen"]), c["reserve_place"])
        for c in rows
    ]  # fmt: skip
    heads = ("rank", "title", "decided", "awarded", "reserve")
    blocks: list[Block] = [_grid(heads, lines, (0.6, 3, 1.5, 1.5, 0.8), "decided awarded reserve")]
    standing = await queries.standing(tx, row["id"])
    if standing.promoted:
        moved = [
            (m["place"], f"{m['code']} {m['title']}", yuan(m["amount_fen"]), m["made_name"],
             shanghai(m["made_at"]).date(), m["passed_over"], m["reason"])
            for m in standing.promoted
        ]  # fmt: skip
        heads_up = ("reserve", "title", "money", "who", "when", "passed_over", "reason")
        blocks += [Heading(_t("promoted")), _grid(heads_up, moved, (0.7, 2.4, 1.3, 1, 1.1, 1.4, 2.4), "money")]
    return _part("stage.result", _t("result"), blocks, row, wide=True)


async def _trail(tx: Tx, row: Row) -> Part:
    entries = reversed(await timeline(tx, publishing.TABLE, row["id"], limit=MOST_LINES))
    lines = [
        (f"{shanghai(e.at):%Y-%m-%d %H:%M}", f"{e.title} {e.who}".strip(), e.sentence, e.facts.get("note"), e.clause)
        for e in entries
    ]
    grid = _grid(("when", "who", "what", "note", "clause"), lines, (1.5, 1.8, 2, 2.4, 2.4))
    return _part("stage.trail", _t("trail"), [grid], row, wide=True)
