"""What the data say against an expert judging a project: told to the expert before declaring, and to the office.

Besides the rules of the draw, names are compared: one unit's name within the other's, and the expert's own name
among those that the application names. A suggestion decides nothing; clearing in spite of it needs a word.
Source: 招标投标法实施条例 第四十六条 (by analogy)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from allocation.experts import facts, rules
from allocation.experts.rules import Person, Subject, Terms
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

NAMED = ("caretaker", "asset_owner")


def check_sources(tx: Tx, row: Row, sitting: list[Row]) -> None:
    """Let scoring begin only with enough members from the pool. Raises: Refused ALC-351."""
    most = tx.policy_for(row["division_code"]).get("allocation.experts.outside_most")
    rules.check_outside(sum(e["source"] == "outside" for e in sitting), len(sitting), Fraction(most))


async def note_conflicts(tx: Tx, round_id: int) -> None:
    """Write down every suggestion for those who sit now; what is known already stays."""
    row = dict(await tx.conn.fetchrow("SELECT * FROM allocation_round WHERE id = $1", round_id))
    seats = await tx.conn.fetch("SELECT * FROM allocation_expert WHERE round = $1 AND left_at IS NULL", round_id)
    known = {p["user_id"]: person for p, person in await facts.pool(tx, users=[s["user_id"] for s in seats])}
    named = await _named(tx, round_id)
    terms = facts.terms_of(tx, row)
    least = tx.policy_for(row["division_code"]).whole("allocation.experts.like_length")
    subjects = await facts.subjects(tx, round_id)
    found = [
        (row["division_code"], round_id, seat["id"], candidate, kind, about[:120], tx.now)
        for seat in seats
        for person in (known.get(seat["user_id"]) or _unknown(seat, terms),)
        for candidate, subject in subjects
        for kind, about in (
            *((b.bar.value, b.about) for b in rules.conflicts(person, subject, terms)),
            *_alike(person, subject, named.get(candidate, ()), least),
            *(("name", text) for text in named.get(candidate, ()) if seat["name"] and seat["name"] in text),
        )
    ]
    await tx.conn.executemany(
        "INSERT INTO allocation_conflict_hint (division_code, round, expert, candidate, kind, about, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        found,
    )


def _unknown(seat: Row, terms: Terms) -> Person:
    """Make a person of somebody from outside the pool, of whom the employer alone is known."""
    return Person("", "", seat["employer"], (), terms.until)


def _alike(person: Person, subject: Subject, texts: tuple[str, ...], least: int) -> Iterator[tuple[str, str]]:
    """Find units whose name lies within the employer's, or the other way round; short names lie within too many.

    Who will keep the works is looked at here alone: as it may be a person's name, it stands in no frozen frame.
    """
    own = rules.plain(person.employer)
    for unit in dict.fromkeys((*subject.units, *texts)):
        other = rules.plain(unit)
        short, long = sorted((own, other), key=len)
        if (own != other or unit not in subject.units) and len(short) >= least and short in long:
            yield "like", unit


async def _named(tx: Tx, round_id: int) -> dict[int, tuple[str, ...]]:
    """Give the texts of each application that name people. Shape: {candidate: texts}."""
    rows = await tx.conn.fetch("SELECT id, snapshot FROM allocation_candidate WHERE round = $1", round_id)
    found = {}
    for r in rows:
        snapshot = json.loads(r["snapshot"])
        found[r["id"]] = tuple(text for key in NAMED if (text := snapshot.get(key)))
    return found


async def of_review(tx: Tx, expert_id: int, candidate_id: int) -> list[Row]:
    """List what the data say against one expert judging one candidate."""
    rows = await tx.conn.fetch(
        "SELECT kind, about FROM allocation_conflict_hint WHERE expert = $1 AND candidate = $2 ORDER BY id",
        expert_id,
        candidate_id,
    )
    return [dict(r) for r in rows]
