"""Reads of the competitive room. What is sealed or recused is filtered here, in the query itself."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from allocation.competitive import rules
from allocation.competitive.rules import Criterion, Entry
from allocation.competitive.states import OWN_IN, R, S
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


async def experts(tx: Tx, round_id: int) -> list[Row]:
    """List the panel by seat."""
    return [
        dict(r) for r in await tx.conn.fetch("SELECT * FROM allocation_expert WHERE round = $1 ORDER BY seat", round_id)
    ]


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
    return [Entry(c["code"], c["asked_fen"], tuple(given.get(c["id"], {}).values())) for c in rows]


def for_rules(rows: list[Row]) -> list[Criterion]:
    """Give the criteria as the rules know them."""
    return [Criterion(r["id"], r["weight_bp"]) for r in rows]


def totals(given: dict[int, dict[int, int]], known: list[Criterion]) -> dict[int, Fraction]:
    """Give each expert's exact total on one candidate. Shape: {expert: total}."""
    return {expert: rules.weighted(points, known) for expert, points in given.items()}


async def decision(tx: Tx, round_id: int) -> Row | None:
    """Read the standing decision with its members and lines; None before there is one."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_decision WHERE round = $1 AND standing", round_id)
    if row is None:
        return None
    members = await tx.conn.fetch("SELECT * FROM allocation_attendance WHERE decision = $1 ORDER BY seq", row["id"])
    lines = await tx.conn.fetch(
        "SELECT l.*, c.project, c.code, c.title, c.place, c.rank, c.asked_fen, c.division_code AS village"
        " FROM allocation_decision_line l JOIN allocation_candidate c ON c.id = l.candidate"
        " WHERE l.decision = $1 ORDER BY c.rank",
        row["id"],
    )
    return {**row, "members": [dict(m) for m in members], "lines": [dict(x) for x in lines]}


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
        " WHERE d.expert = $1 AND d.state <> 'recused' ORDER BY c.code",
        seat["id"],
    )
    return [dict(r) for r in rows]


async def my_review(tx: Tx, seat: Row, review_id: int) -> Row:
    """Read one review of the expert's own. Raises: Refused KRN-404, foreign or recused."""
    row = await tx.conn.fetchrow(
        "SELECT d.* FROM allocation_declaration d WHERE d.id = $1 AND d.expert = $2 AND d.state <> 'recused'",
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
        " AND d.state = ANY($3)) ORDER BY s.expert",
        candidate_id,
        seat["id"],
        [s.value for s in OWN_IN],
    ):
        found[r["expert"]][r["criterion"]] = r["points"]
    return found
