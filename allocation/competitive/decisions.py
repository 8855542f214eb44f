"""Commands after scoring: close and rank, record the collective decision. What follows is in publishing.py."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from allocation.competitive import closing, drawing, outcome, panel, queries, rules
from allocation.competitive.forms import DecisionForm, LineForm
from allocation.competitive.rules import Cut, CutRule, Line, Member, Tally
from allocation.competitive.states import ROUND, R
from allocation.competitive.tables import Round
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "衢政办发〔2016〕65号 二(三)1"


@command(P.PREPARE_ROUND, audit="allocation.round.close")
async def close(tx: Tx, round_id: int) -> Row:
    """End scoring when nothing is waited for: rank, cut to the budget, and keep both.

    Raises: Refused ALC-321 (reviews outstanding), ALC-322 (too few scores), KRN-408.
    """
    row = await queries.own_round(tx, round_id, lock=True)
    terms = row["terms"]
    candidates = await queries.candidates(tx, round_id)
    states = await queries.progress(tx, round_id)
    waiting = sum(state in {R.NOT_OPENED, R.OPENED} for state in states.values())
    thin = thin_candidate(candidates, states, terms.scores_min)
    moved = await fire(
        tx, ROUND, Round, row, "close", clause=CLAUSE, waiting=waiting, thin=thin, fewest=terms.scores_min
    )
    given = await queries.all_scores(tx, round_id)
    await closing.rule_out(tx, row, candidates)
    entries = queries.entries(candidates, given)
    known = queries.for_rules(await queries.criteria(tx, round_id))
    placings = rules.rank(entries, known, terms.trim_from)
    proposed = rules.cut(placings, {e.code: e.asked_fen for e in entries}, cut_of(row))
    await tx.conn.executemany(
        "UPDATE allocation_candidate SET rank = $3, mean = $4, counted = $5, given = $6, proposed_fen = $7"
        " WHERE round = $1 AND code = $2",
        [(round_id, p.code, p.rank, str(p.mean), p.counted, p.given, proposed[p.code]) for p in placings],
    )
    await closing.keep_outliers(tx, row, given, known)
    await panel.release(tx, round_id)
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

    Raises: Refused ALC-310..314, 371..373 (the meeting), ALC-315..317 (the lines), ALC-318 (a day to come),
    ALC-388 (before the last score was in), ALC-386, KRN-408;
    Invalid ALC-324 (left the reserve), ALC-370 (not what the round's money is for).
    """
    row = await queries.own_round(tx, round_id, lock=True)
    if form.held_on > tx.today:
        raise Refused("ALC-318", field="held_on", held=form.held_on)
    scored_on = await queries.last_word_on(tx, round_id)
    if scored_on and form.held_on < scored_on:
        raise Refused("ALC-388", field="held_on", held=form.held_on, scored=scored_on)
    terms = row["terms"]
    candidates = {c["id"]: c for c in await queries.candidates(tx, round_id)}
    ranks = {c["rank"] for c in candidates.values() if c["rank"]}
    members = [Member(m.name, m.present, m.avoids, m.vote, outcome.ranks_of(m.steps_out, ranks)) for m in form.members]
    counted = rules.tally(members, Fraction(terms.quorum), Fraction(terms.majority))
    outcome.item_tallies(members, Fraction(terms.majority))
    outcome.check_dissent([(m.name, m.vote, m.reason) for m in form.members])
    rules.check_lines(_lines(row, candidates, form.lines), row["budget_fen"])
    if bad := await drawing.unable(tx, row, _given(candidates, form.lines)):
        raise Invalid(bad)
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


def _given(candidates: dict[int, Row], lines: list[LineForm]) -> list[int]:
    """Name the projects that a decision gives money."""
    return [candidates[x.candidate]["project"] for x in lines if x.decided_fen]


def _lines(row: Row, candidates: dict[int, Row], given: list[LineForm]) -> list[Line]:
    """Set each candidate's decided money beside its proposal; one left out is decided at nothing."""
    by_candidate = {line.candidate: line for line in given}
    if set(by_candidate) - set(candidates):
        raise Refused("KRN-404")
    nothing = {key: LineForm(key, 0) for key in candidates}
    return [
        Line(
            c["code"],
            0 if c["vetoed"] else min(c["asked_fen"], row["cap_fen"]),
            c["proposed_fen"],
            line.decided_fen,
            line.reason,
        )
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
        "INSERT INTO allocation_attendance (division_code, decision, seq, name, title, present, avoids, reason, vote,"
        " excepts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            (
                row["division_code"],
                decision_id,
                n,
                m.name,
                m.title,
                m.present,
                m.avoids,
                m.reason,
                m.vote.value,
                m.steps_out,
            )
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
