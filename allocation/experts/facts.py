"""The facts a draw and the suggestions of conflict rest on, read from the round, its candidates and the pool."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from allocation.experts.rules import COUNTY_DIGITS, Person, Subject, Terms, Tie, TieKind
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

SPAN = "allocation.experts"


def terms_of(tx: Tx, row: Row) -> Terms:
    """Give the rules of avoidance in force today for a round."""
    policy = tx.policy_for(row["division_code"])
    return Terms(
        row["division_code"][:COUNTY_DIGITS],
        tx.today,
        max(row["score_by"], tx.today),
        tuple(policy.get(f"{SPAN}.avoid")),
        policy.whole(f"{SPAN}.unit_years"),
        policy.whole(f"{SPAN}.paid_years"),
        policy.whole(f"{SPAN}.reserves_bp"),
        policy.whole(f"{SPAN}.employer_most"),
    )


async def subjects(tx: Tx, round_id: int) -> list[tuple[int, Subject]]:
    """List the candidates with the units behind each: village, township, bureau and future owner.

    Shape: [(candidate id, subject)], by code.
    """
    rows = await tx.conn.fetch(
        "SELECT c.id, c.code, c.division_code, c.snapshot, v.name AS village, t.name AS township,"
        " coalesce((SELECT array_agg(o.name ORDER BY o.name) FROM accounts_org o"
        "   WHERE o.division_code IN (r.division_code, v.parent_code, c.division_code) AND o.kind <> 'outside'),"
        "   '{}') AS orgs"
        " FROM allocation_candidate c JOIN allocation_round r ON r.id = c.round"
        " LEFT JOIN kernel_division v ON v.code = c.division_code"
        " LEFT JOIN kernel_division t ON t.code = v.parent_code"
        " WHERE c.round = $1 ORDER BY c.code",
        round_id,
    )
    return [(r["id"], _subject(r)) for r in rows]


def _subject(row: Any) -> Subject:  # noqa: ANN401 - a database record
    owner = json.loads(row["snapshot"]).get("asset_owner") or ""
    units = {name for name in (row["village"], row["township"], owner, *row["orgs"]) if name}
    return Subject(row["code"], row["division_code"], tuple(sorted(units)))


async def pool(tx: Tx, *, users: list[int] | None = None) -> list[tuple[Row, Person]]:
    """List the experts of the pools one may draw from, by number; those of some accounts alone when asked.

    Shape: [(row, person)]; suspended and removed ones are left out of a draw, not of a look by account.
    """
    rows = await tx.conn.fetch(
        "SELECT e.*, coalesce((SELECT json_agg(json_build_array(t.kind, t.subject, t.until) ORDER BY t.id)"
        " FROM allocation_pool_tie t WHERE t.pool_expert = e.id), '[]')::text AS ties FROM allocation_pool_expert e"
        " WHERE CASE WHEN $1::bigint[] IS NULL THEN e.state = 'active' ELSE e.user_id = ANY($1) END ORDER BY e.number",
        users,
    )
    return [(dict(r), _person(r)) for r in rows]


def _person(row: Any) -> Person:  # noqa: ANN401 - a database record
    ties = tuple(
        Tie(TieKind(kind), subject, date.fromisoformat(until) if until else None)
        for kind, subject, until in json.loads(row["ties"])
    )
    return Person(
        row["number"], row["county"], row["employer"], tuple(sorted(row["specialities"])), row["valid_until"], ties
    )
