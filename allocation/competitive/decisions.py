"""Commands after scoring: close and rank, record the collective decision, approve it into awards."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from allocation.budget import queries as pots
from allocation.budget import rules as drawing
from allocation.budget.ledger import Kind
from allocation.budget.service import grant
from allocation.competitive import queries, rules
from allocation.competitive.forms import DecisionForm, LineForm
from allocation.competitive.rules import Cut, CutRule, Line, Member, Tally
from allocation.competitive.states import ROUND, R
from allocation.competitive.tables import Round
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "衢政办发〔2016〕65号 二(三)1"


@command(P.PREPARE_ROUND, audit="allocation.round.close")
async def close(tx: Tx, round_id: int) -> Row:
    """End scoring when nothing is waited for: rank, cut to the budget, and keep both.

    Raises: Refused ALC-321 (reviews outstanding), ALC-322 (too few scores), KRN-408.
    """
    row = await queries.round_of(tx, round_id)
    terms = row["terms"]
    candidates = await queries.candidates(tx, round_id)
    states = await queries.progress(tx, round_id)
    waiting = sum(state in {R.NOT_OPENED, R.OPENED} for state in states.values())
    thin = thin_candidate(candidates, states, terms.scores_min)
    moved = await fire(
        tx, ROUND, Round, row, "close", clause=CLAUSE, waiting=waiting, thin=thin, fewest=terms.scores_min
    )
    entries = queries.entries(candidates, await queries.all_scores(tx, round_id))
    known = queries.for_rules(await queries.criteria(tx, round_id))
    placings = rules.rank(entries, known, terms.trim_from)
    proposed = rules.cut(placings, {e.code: e.asked_fen for e in entries}, cut_of(row))
    await tx.conn.executemany(
        "UPDATE allocation_candidate SET rank = $3, mean = $4, counted = $5, given = $6, proposed_fen = $7"
        " WHERE round = $1 AND code = $2",
        [(round_id, p.code, p.rank, str(p.mean), p.counted, p.given, proposed[p.code]) for p in placings],
    )
    return moved


def thin_candidate(candidates: list[Row], states: dict[tuple[int, int], str], fewest: int) -> str:
    """Name the first candidate with fewer scores than a ranking needs; empty when there is none."""
    scored = Counter(candidate for (candidate, _), state in states.items() if state == R.SCORED)
    return next((c["code"] for c in candidates if scored[c["id"]] < fewest), "")


def cut_of(row: Row) -> Cut:
    """Give the terms of the cut as the call published them."""
    terms = row["terms"]
    return Cut(row["budget_fen"], row["cap_fen"], terms.pass_mark, CutRule(row["cut_rule"]), terms.partial_bp)


@command(P.PREPARE_ROUND, audit="allocation.round.decide")
async def decide(tx: Tx, round_id: int, form: DecisionForm) -> Tally:
    """Record the collective decision as it was held. Gives the tally, counted from the members.

    Raises: Refused ALC-310..314 (the meeting), ALC-315..317 (the lines), ALC-318 (a day to come), KRN-408.
    """
    row = await queries.round_of(tx, round_id)
    if form.held_on > tx.today:
        raise Refused("ALC-318", field="held_on", held=form.held_on)
    terms = row["terms"]
    members = [Member(m.name, m.present, m.avoids, m.vote) for m in form.members]
    counted = rules.tally(members, Fraction(terms.quorum), Fraction(terms.majority))
    candidates = {c["id"]: c for c in await queries.candidates(tx, round_id)}
    rules.check_lines(_lines(row, candidates, form.lines), row["budget_fen"])
    await fire(
        tx,
        ROUND,
        Round,
        row,
        "decide",
        clause=CLAUSE,
        due=counted.due,
        present=counted.present,
        votes_for=counted.votes_for,
    )
    await _write(tx, row, candidates, form)
    return counted


@command(P.APPROVE_ROUND, audit="allocation.round.approve")
async def approve(tx: Tx, round_id: int) -> Row:
    """Approve the decision: each project with money is awarded, the ledger moves, upper rooms hear of it.

    Raises: Refused KRN-408, and what an award refuses (money not there, awarded before).
    """
    row = await queries.round_of(tx, round_id)
    moved = await fire(tx, ROUND, Round, row, "approve", clause=CLAUSE)
    decision = await queries.decision(tx, round_id)
    for line in decision["lines"] if decision else []:
        await tx.conn.execute(
            "UPDATE allocation_candidate SET awarded_fen = $2 WHERE id = $1", line["candidate"], line["decided_fen"]
        )
        if line["decided_fen"]:
            await _grant(tx, row, line["project"], line["decided_fen"])
    return moved


@command(P.APPROVE_ROUND, audit="allocation.round.reject")
async def reject(tx: Tx, round_id: int, reason: str) -> Row:
    """Send a decision back to be taken anew; the rejected one stays on file. Raises: Refused ALC-320."""
    moved = await fire(tx, ROUND, Round, await queries.round_of(tx, round_id), "reject", reason=reason)
    await tx.conn.execute("UPDATE allocation_decision SET standing = false WHERE round = $1 AND standing", round_id)
    return moved


async def _grant(tx: Tx, row: Row, project_id: int, amount_fen: Fen) -> None:
    """Award one project out of the county's own pot, the oldest batch first."""
    project = await projects.lock(tx, project_id)
    county = row["division_code"]
    held = [(r["batch"], int(r["fen"])) for r in await pots.available(tx, county, lock=True)]
    drawing.check_award(amount_fen, project["asked_fen"], sum(fen for _, fen in held))
    moves = [(batch, county, Kind.AVAILABLE, fen) for batch, fen in drawing.draw(amount_fen, held)]
    await grant(tx, project, moves, source="round", source_id=row["id"], reason=row["title"])


def _lines(row: Row, candidates: dict[int, Row], given: list[LineForm]) -> list[Line]:
    """Set each candidate's decided money beside its proposal; one left out is decided at nothing."""
    by_candidate = {line.candidate: line for line in given}
    if set(by_candidate) - set(candidates):
        raise Refused("KRN-404")
    nothing = {key: LineForm(key, 0) for key in candidates}
    return [
        Line(c["code"], min(c["asked_fen"], row["cap_fen"]), c["proposed_fen"], line.decided_fen, line.reason)
        for key, line in {**nothing, **by_candidate}.items()
        for c in (candidates[key],)
    ]


async def _write(tx: Tx, row: Row, candidates: dict[int, Row], form: DecisionForm) -> None:
    decision_id = await tx.conn.fetchval(
        "INSERT INTO allocation_decision (division_code, round, held_on, place, chair, minutes, recorded_by,"
        " recorded_name, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        row["division_code"],
        row["id"],
        form.held_on,
        form.place,
        form.chair,
        form.minutes,
        tx.actor.user_id,
        tx.actor.name,
        tx.now,
    )
    await tx.conn.executemany(
        "INSERT INTO allocation_attendance (division_code, decision, seq, name, title, present, avoids, reason, vote)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (row["division_code"], decision_id, n, m.name, m.title, m.present, m.avoids, m.reason, m.vote.value)
            for n, m in enumerate(form.members, start=1)
        ],
    )
    by_code = {c["code"]: c["id"] for c in candidates.values()}
    await tx.conn.executemany(
        "INSERT INTO allocation_decision_line (division_code, decision, candidate, proposed_fen, decided_fen, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (row["division_code"], decision_id, by_code[x.code], x.proposed_fen, x.decided_fen, x.reason)
            for x in _lines(row, candidates, form.lines)
        ],
    )
