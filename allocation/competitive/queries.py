"""Reads of the competitive room. What is sealed or recused is filtered here, in the query itself."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from allocation.competitive import rules
from allocation.competitive.outcome import RosterChange, roster_change
from allocation.competitive.rules import Criterion, Entry
from allocation.competitive.states import OWN_IN, R, S
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

SEALED = (S.DRAFT, S.OPEN, S.SCORING)
"""States of a round in which nobody but its author sees a score."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules of judging one round, frozen when its call was published."""

    panel_min: int
    panel_odd: bool
    scores_min: int
    trim_from: int
    pass_mark: int
    partial_bp: int
    outlier_points: int
    quorum: str
    majority: str
    veto_share: str = "0"


def terms_in_force(tx: Tx, division_code: str) -> Terms:
    """Read the rules of judging in force today in a division."""
    policy = tx.policy_for(division_code)
    return Terms(**{name: policy.get(f"allocation.competitive.{name}") for name in Terms.__slots__})


async def round_of(tx: Tx, round_id: int) -> Row:
    """Read one round; `terms` are those frozen, or those in force while it is a draft.

    Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow("SELECT * FROM allocation_round WHERE id = $1", round_id)
    if row is None:
        raise Refused("KRN-404")
    frozen = json.loads(row["terms"])
    return {**row, "terms": Terms(**frozen) if frozen else terms_in_force(tx, row["division_code"])}


async def own_round(tx: Tx, round_id: int, *, lock: bool = False) -> Row:
    """Read a round that the caller's own division holds, held for this transaction if asked.

    Raises: Refused KRN-404, ALC-386 (another's round).
    """
    if lock:
        await tx.conn.execute("SELECT 1 FROM allocation_round WHERE id = $1 FOR UPDATE", round_id)
    row = await round_of(tx, round_id)
    if row["division_code"] != tx.actor.division_code:
        raise Refused("ALC-386")
    return row


async def criteria(tx: Tx, round_id: int) -> list[Row]:
    """List the criteria of a round in their published order."""
    return [
        dict(r)
        for r in await tx.conn.fetch("SELECT * FROM allocation_criterion WHERE round = $1 ORDER BY seq", round_id)
    ]


async def candidates(tx: Tx, round_id: int) -> list[Row]:
    """List the candidates: ranked ones by rank, the rest by code."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_candidate WHERE round = $1 ORDER BY rank NULLS LAST, code", round_id
    )
    return [_opened(r) for r in rows]


async def candidate(tx: Tx, candidate_id: int) -> Row:
    """Read one candidate with the application as it was frozen. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_candidate WHERE id = $1", candidate_id)
    if row is None:
        raise Refused("KRN-404")
    return _opened(row)


def _opened(row: Any) -> Row:  # noqa: ANN401 - a database record
    return {**row, "snapshot": json.loads(row["snapshot"]), "mean": Fraction(row["mean"]) if row["mean"] else None}


async def experts(tx: Tx, round_id: int, *, left: bool = False) -> list[Row]:
    """List the panel by seat; those who left it only when asked for."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_expert WHERE round = $1 AND ($2 OR left_at IS NULL) ORDER BY seat", round_id, left
    )
    return [dict(r) for r in rows]


async def expert(tx: Tx, expert_id: int) -> Row:
    """Read one member of a panel. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_expert WHERE id = $1", expert_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def reviews_of(tx: Tx, expert_id: int) -> list[Row]:
    """List the reviews of one member as the office sees them, without any score."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_declaration WHERE expert = $1 ORDER BY id", expert_id)
    return [dict(r) for r in rows]


async def vetoes(tx: Tx, round_id: int) -> list[Row]:
    """List the items that rule a project out, in their published order."""
    return [
        dict(r) for r in await tx.conn.fetch("SELECT * FROM allocation_veto WHERE round = $1 ORDER BY seq", round_id)
    ]


async def veto_marks(tx: Tx, round_row: Row) -> list[Row]:
    """List who ruled which candidate out and why, once scoring is closed; empty before, whoever asks."""
    return [] if round_row["state"] in SEALED else await all_veto_marks(tx, round_row["id"])


async def all_veto_marks(tx: Tx, round_id: int) -> list[Row]:
    """List every veto of reviews that count, sealed or not: for the ranking alone, never for a page."""
    rows = await tx.conn.fetch(
        "SELECT m.candidate, m.expert, e.seat, v.title, m.reason FROM allocation_veto_mark m"
        " JOIN allocation_veto v ON v.id = m.veto JOIN allocation_expert e ON e.id = m.expert"
        " JOIN allocation_declaration d ON d.expert = m.expert AND d.candidate = m.candidate"
        " WHERE m.round = $1 AND d.state = $2 ORDER BY m.candidate, e.seat, v.seq",
        round_id,
        R.SCORED.value,
    )
    return [dict(r) for r in rows]


async def progress(tx: Tx, round_id: int) -> dict[tuple[int, int], str]:
    """Give the state of every review, without any score. Shape: {(candidate, expert): state}."""
    rows = await tx.conn.fetch("SELECT candidate, expert, state FROM allocation_declaration WHERE round = $1", round_id)
    return {(r["candidate"], r["expert"]): r["state"] for r in rows}


async def scores(tx: Tx, round_row: Row) -> dict[int, dict[int, dict[int, int]]]:
    """Give all scores of a round once scoring is closed; empty before, whoever asks.

    Shape: {candidate: {expert: {criterion: points}}}.
    """
    found: dict[int, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    if round_row["state"] in SEALED:
        return found
    return await all_scores(tx, round_row["id"])


async def all_scores(tx: Tx, round_id: int) -> dict[int, dict[int, dict[int, int]]]:
    """Give all scores of a round, sealed or not: for the ranking alone, never for a page."""
    found: dict[int, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for r in await tx.conn.fetch(
        "SELECT s.candidate, s.expert, s.criterion, s.points FROM allocation_score s"
        " JOIN allocation_declaration d ON d.expert = s.expert AND d.candidate = s.candidate"
        " WHERE s.round = $1 AND d.state = $2",
        round_id,
        R.SCORED.value,
    ):
        found[r["candidate"]][r["expert"]][r["criterion"]] = r["points"]
    return found


def entries(rows: list[Row], given: dict[int, dict[int, dict[int, int]]]) -> list[Entry]:
    """Put candidates and their scores together for the rules."""
    return [Entry(c["code"], c["asked_fen"], tuple(given.get(c["id"], {}).values()), c["vetoed"]) for c in rows]


def for_rules(rows: list[Row]) -> list[Criterion]:
    """Give the criteria as the rules know them."""
    return [Criterion(r["id"], r["weight_bp"]) for r in rows]


def totals(given: dict[int, dict[int, int]], known: list[Criterion]) -> dict[int, Fraction]:
    """Give each expert's exact total on one candidate. Shape: {expert: total}."""
    return {expert: rules.weighted(points, known) for expert, points in given.items()}


async def last_word_on(tx: Tx, round_id: int) -> date | None:
    """Give the day on which the last expert handed in a sheet, or abstained; None without any."""
    last = await tx.conn.fetchval("SELECT max(done_at) FROM allocation_declaration WHERE round = $1", round_id)
    return shanghai(last).date() if last else None


async def decision(tx: Tx, round_id: int) -> Row | None:
    """Read the standing decision with its members and lines; None before there is one."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_decision WHERE round = $1 AND standing", round_id)
    return await _whole(tx, row) if row else None


async def decisions(tx: Tx, round_id: int) -> list[Row]:
    """List every decision on a round with its members and lines, also those sent back, the oldest first."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_decision WHERE round = $1 ORDER BY id", round_id)
    return [await _whole(tx, row) for row in rows]


async def _whole(tx: Tx, row: Any) -> Row:  # noqa: ANN401 - a database record
    members = await tx.conn.fetch("SELECT * FROM allocation_attendance WHERE decision = $1 ORDER BY seq", row["id"])
    lines = await tx.conn.fetch(
        "SELECT l.*, c.project, c.code, c.title, c.place, c.rank, c.asked_fen, c.division_code AS village"
        " FROM allocation_decision_line l JOIN allocation_candidate c ON c.id = l.candidate"
        " WHERE l.decision = $1 ORDER BY c.rank",
        row["id"],
    )
    return {**row, "members": [dict(m) for m in members], "lines": [dict(x) for x in lines]}


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of an approved round. Units: fen. Shape: candidates."""

    awarded_fen: int
    fallen: list[Row]
    waiting: list[Row]
    promoted: list[Row]


async def standing(tx: Tx, round_id: int) -> Standing:
    """Tell what of a round still stands, which awards fell, who waits on the reserve list, who moved up."""
    money = int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(amount_fen), 0) FROM allocation_award"
            " WHERE source = 'round' AND source_id = $1 AND state = 'standing'",
            round_id,
        )
    )
    given = {
        r["project"]
        for r in await tx.conn.fetch(
            "SELECT project FROM allocation_award WHERE source = 'round' AND source_id = $1 AND state = 'standing'",
            round_id,
        )
    }
    moved = await tx.conn.fetch(
        "SELECT m.*, c.code, c.title FROM allocation_promotion m JOIN allocation_candidate c ON c.id = m.candidate"
        " WHERE m.round = $1 ORDER BY m.id",
        round_id,
    )
    up = {m["candidate"] for m in moved}
    rows = await candidates(tx, round_id)
    fallen = [c for c in rows if c["awarded_fen"] and c["project"] not in given]
    waiting = [c for c in rows if c["reserve_place"] and c["id"] not in up]
    return Standing(money, fallen, sorted(waiting, key=lambda c: c["reserve_place"]), [dict(m) for m in moved])


async def last_roster(tx: Tx, division_code: str, before: int | None = None) -> list[Row]:
    """List who was due at the division's last decision, or at the one before a decision. Shape: name, title."""
    rows = await tx.conn.fetch(
        "SELECT name, title FROM allocation_attendance WHERE decision = (SELECT max(id) FROM allocation_decision"
        " WHERE division_code = $1 AND ($2::bigint IS NULL OR id < $2)) ORDER BY seq",
        division_code,
        before,
    )
    return [dict(r) for r in rows]


async def roster_before(tx: Tx, row: Row, decision: Row) -> RosterChange | None:
    """Compare who was due at a decision with who was due at the one before; None for the first."""
    before = await last_roster(tx, row["division_code"], decision["id"])
    if not before:
        return None
    return roster_change([m["name"] for m in before], [m["name"] for m in decision["members"]])


async def my_seat(tx: Tx) -> Row:
    """Read the seat this engagement gives. Raises: Refused KRN-404, no engagement or another purpose."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_expert WHERE engagement_id = $1", tx.actor.engagement_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def my_reviews(tx: Tx, seat: Row) -> list[Row]:
    """List what an expert has to review; recused candidates are not in it, nor in any count of it."""
    rows = await tx.conn.fetch(
        "SELECT d.id, d.state, d.done_at, c.id AS candidate, c.code, c.title, c.place, c.asked_fen"
        " FROM allocation_declaration d JOIN allocation_candidate c ON c.id = d.candidate"
        " WHERE d.expert = $1 AND d.state NOT IN ('recused', 'void') ORDER BY c.code",
        seat["id"],
    )
    return [dict(r) for r in rows]


async def my_review(tx: Tx, seat: Row, review_id: int) -> Row:
    """Read one review of the expert's own. Raises: Refused KRN-404, foreign or recused."""
    row = await tx.conn.fetchrow(
        "SELECT d.* FROM allocation_declaration d WHERE d.id = $1 AND d.expert = $2"
        " AND d.state NOT IN ('recused', 'void')",
        review_id,
        seat["id"],
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def seen_scores(tx: Tx, seat: Row, candidate_id: int) -> dict[int, dict[int, int]]:
    """Give the scores on a candidate that this expert may see: all once the own word is in, else none.

    Shape: {seat: {criterion: points}}; colleagues are known by seat alone.
    """
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for r in await tx.conn.fetch(
        "SELECT s.expert, s.criterion, s.points FROM allocation_score s WHERE s.candidate = $1 AND EXISTS"
        " (SELECT 1 FROM allocation_declaration d WHERE d.candidate = s.candidate AND d.expert = $2"
        " AND d.state = ANY($3)) AND allocation_score_counts(s.expert, s.candidate) ORDER BY s.expert",
        candidate_id,
        seat["id"],
        [s.value for s in OWN_IN],
    ):
        found[r["expert"]][r["criterion"]] = r["points"]
    return found
