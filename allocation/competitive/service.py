"""Commands of a round up to scoring: the call, the candidates, the panel.

Source: 衢政办发〔2016〕65号 二(三)1 (announcement, third-party review, collective decision)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from allocation.competitive import drawing, panel, papers, pots, queries, rules
from allocation.competitive.forms import PostponeForm, RoundForm
from allocation.competitive.states import ROUND, S
from allocation.competitive.tables import Round
from allocation.experts import hints
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "衢政办发〔2016〕65号 二(三)1"
TABLE = "allocation_round"
OPEN_FOR_CHANGE = (S.DRAFT, S.OPEN)
LIVE = [s.value for s in S if s not in {S.AWARDED, S.CANCELLED}]
FROZEN = (
    "code",
    "title",
    "category",
    "content",
    "place",
    "estimate_fen",
    "asked_fen",
    "own_fen",
    "other_fen",
    "beneficiaries",
    "migrants",
    "low_income",
    "income_fen",
    "goals",
    "starts_on",
    "ends_on",
    "asset_owner",
    "caretaker",
    "lat",
    "lon",
    "window",
    "submitted_at",
    "admitted_at",
    "valid_until",
    "version",
)
"""What of an application the panel judges, copied when it becomes a candidate."""


@command(P.PREPARE_ROUND, audit="allocation.round.draft")
async def draft(tx: Tx, form: RoundForm) -> int:
    """Draft a call. Gives the round's id. Raises: Refused ALC-301/302 (weights), ALC-333/334, ALC-338 (no such pot)."""
    rules.check_weights([c.weight_bp for c in form.criteria])
    pot = await pots.chosen(tx, tx.actor.division_code, form.pot)
    round_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_round (division_code, title, call, budget_fen, cap_fen, cut_rule, opens_on,"
            " score_by, decide_by, earmark, township_code, pot_title, created_by, created_at)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) RETURNING id",
            tx.actor.division_code,
            *_call(form, pot),
            tx.actor.user_id,
            tx.now,
        )
    )
    await _write_items(tx, round_id, tx.actor.division_code, form)
    await tx.note((TABLE, round_id, tx.actor.division_code), "allocation.round.draft", clause=CLAUSE)
    return round_id


@command(P.PREPARE_ROUND, audit="allocation.round.edit")
async def edit(tx: Tx, round_id: int, version: int, form: RoundForm) -> None:
    """Change a call that is not published. Raises: Refused ALC-323, KRN-409, as `draft`."""
    row = await panel.locked(tx, round_id, (S.DRAFT,))
    rules.check_weights([c.weight_bp for c in form.criteria])
    pot = await pots.chosen(tx, row["division_code"], form.pot)
    done = await tx.conn.fetchval(
        "UPDATE allocation_round SET title=$3, call=$4, budget_fen=$5, cap_fen=$6, cut_rule=$7, opens_on=$8,"
        " score_by=$9, decide_by=$10, earmark=$11, township_code=$12, pot_title=$13, version = version + 1"
        " WHERE id=$1 AND version=$2 RETURNING id",
        round_id,
        version,
        *_call(form, pot),
    )
    if done is None:
        raise Refused("KRN-409", who="", title="", at=tx.now)
    await tx.conn.execute("DELETE FROM allocation_criterion WHERE round = $1", round_id)
    await tx.conn.execute("DELETE FROM allocation_veto WHERE round = $1", round_id)
    await _write_items(tx, round_id, row["division_code"], form)
    await tx.note((TABLE, round_id, row["division_code"]), "allocation.round.edit")


@command(P.PREPARE_ROUND, audit="allocation.round.add_candidate")
async def add_candidates(tx: Tx, round_id: int, project_ids: Sequence[int]) -> int:
    """Take projects of the reserve into a round, each frozen as it stands. Gives how many.

    Raises: Invalid ALC-324 (not in the reserve), ALC-325 (in another live round), ALC-370 (not what the pot of the
    round may be spent on), all at once;
    Refused ALC-323.
    """
    row = await panel.locked(tx, round_id, OPEN_FOR_CHANGE)
    found = [await projects.lock(tx, key) for key in sorted(set(project_ids))]
    busy = {
        r["project"]
        for r in await tx.conn.fetch(
            "SELECT c.project FROM allocation_candidate c JOIN allocation_round r ON r.id = c.round"
            " WHERE c.project = ANY($1) AND c.round <> $2 AND r.state = ANY($3)",
            [p["id"] for p in found],
            round_id,
            LIVE,
        )
    }
    out = [p for p in found if p["state"] not in drawing.RESERVE]
    problems = [Problem("ALC-324", "project", {"project": p["code"]}) for p in out]
    problems += [Problem("ALC-325", "project", {"project": p["code"]}) for p in found if p["id"] in busy]
    problems += await drawing.unfit(tx, row, [p["id"] for p in found])
    if problems:
        raise Invalid(problems)
    for project in found:
        await _freeze(tx, row, {**project, **await projects.brief(tx, project["id"])})
    return len(found)


@command(P.PREPARE_ROUND, audit="allocation.round.drop_candidate")
async def drop_candidate(tx: Tx, candidate_id: int) -> int:
    """Take a candidate out before scoring. Gives the round's id. Raises: Refused ALC-323, KRN-404."""
    row = await queries.candidate(tx, candidate_id)
    owner = await panel.locked(tx, row["round"], OPEN_FOR_CHANGE)
    await tx.conn.execute("DELETE FROM allocation_candidate_paper WHERE candidate = $1", candidate_id)
    await tx.conn.execute("DELETE FROM allocation_candidate WHERE id = $1", candidate_id)
    await tx.note(
        (TABLE, owner["id"], owner["division_code"]),
        "allocation.round.drop_candidate",
        note=f"{row['code']} {row['title']}",
    )
    return int(owner["id"])


@command(P.PREPARE_ROUND, audit="allocation.round.publish")
async def publish(tx: Tx, round_id: int) -> Row:
    """Publish the call; from here on its criteria and the rules of judging are fixed.

    Raises: Refused ALC-301, ALC-308 (no criterion), ALC-309 (more than lies there), KRN-408; Invalid ALC-370.
    """
    row = await queries.own_round(tx, round_id, lock=True)
    weights = [c["weight_bp"] for c in await queries.criteria(tx, round_id)]
    if not weights:
        raise Refused("ALC-308")
    rules.check_weights(weights)
    terms = queries.terms_in_force(tx, row["division_code"])
    if row["state"] == S.DRAFT:
        await drawing.check_budget(tx, row)
    return await fire(
        tx,
        ROUND,
        Round,
        row,
        "publish",
        clause=CLAUSE,
        sets={"terms": json.dumps(asdict(terms)), "policy_version": tx.policy.version},
    )


@command(P.PREPARE_ROUND, audit="allocation.round.start")
async def start(tx: Tx, round_id: int) -> Row:
    """Begin scoring: panel large enough and odd, candidates still in the reserve, a review for each pair.

    Raises: Refused ALC-303/304 (panel), ALC-326 (nobody to judge), ALC-331 (day past), KRN-408.
    """
    row = await queries.own_round(tx, round_id, lock=True)
    terms = row["terms"]
    sitting = await queries.experts(tx, round_id)
    rules.check_panel(len(sitting), terms.panel_min, odd=terms.panel_odd)
    hints.check_sources(tx, row, sitting)
    if tx.today > row["score_by"]:
        raise Refused("ALC-331", by=row["score_by"])
    rows = await queries.candidates(tx, round_id)
    if not rows:
        raise Refused("ALC-326")
    gone = [c["code"] for c in rows if (await projects.lock(tx, c["project"]))["state"] not in drawing.RESERVE]
    if gone:
        raise Invalid([Problem("ALC-324", "", {"project": code}) for code in gone])
    moved = await fire(tx, ROUND, Round, row, "start", clause=CLAUSE, candidates=len(rows))
    await panel.open_reviews(tx, row)
    await hints.note_conflicts(tx, round_id)
    return moved


@command(P.APPROVE_ROUND, audit="allocation.round.postpone")
async def postpone(tx: Tx, round_id: int, form: PostponeForm) -> None:
    """Give the experts of a published call more days, with a reason everybody can read; their access lasts as long.

    Raises: Refused ALC-323 (scoring is over), ALC-601 (not a later day), ACC-126 (longer than an engagement lasts);
    by constraint ALC-333.
    """
    row = await panel.locked(tx, round_id, (S.OPEN, S.SCORING))
    if form.score_by <= row["score_by"] or form.score_by < tx.today:
        raise Refused("ALC-601", field="score_by", by=row["score_by"])
    await tx.conn.execute(
        "UPDATE allocation_round SET score_by = $2, decide_by = $3, version = version + 1 WHERE id = $1",
        round_id,
        form.score_by,
        form.decide_by,
    )
    await accounts.prolong(tx, TABLE, round_id, form.score_by)
    await tx.note(
        (TABLE, round_id, row["division_code"]),
        "allocation.round.postpone",
        clause=CLAUSE,
        reason=form.reason,
        before=row["score_by"],
        score_by=form.score_by,
        decide_by=form.decide_by,
    )


async def cancel(tx: Tx, round_id: int, reason: str) -> Row:
    """Give a round up, with a reason; its candidates are free for another. Raises: Refused ALC-320, KRN-403."""
    await tx.enter("allocation.round.cancel")
    moved = await fire(tx, ROUND, Round, await queries.own_round(tx, round_id), "cancel", reason=reason)
    await panel.release(tx, round_id)
    return moved


def _call(form: RoundForm, pot: pots.Pot) -> tuple[Any, ...]:
    return (
        form.title,
        form.call,
        form.budget_fen,
        form.cap_fen,
        form.cut_rule.value,
        form.opens_on,
        form.score_by,
        form.decide_by,
        pot.earmark,
        pot.township_code,
        pot.title,
    )


async def _write_items(tx: Tx, round_id: int, division_code: str, form: RoundForm) -> None:
    await tx.conn.executemany(
        "INSERT INTO allocation_criterion (division_code, round, seq, title, hint, weight_bp)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(division_code, round_id, n, c.title, c.hint, c.weight_bp) for n, c in enumerate(form.criteria, start=1)],
    )
    await tx.conn.executemany(
        "INSERT INTO allocation_veto (division_code, round, seq, title, hint) VALUES ($1, $2, $3, $4, $5)",
        [(division_code, round_id, n, v.title, v.hint) for n, v in enumerate(form.vetoes, start=1)],
    )


async def _freeze(tx: Tx, row: Row, project: Row) -> None:
    """Copy an application as it stands, with the hash of the copy."""
    snapshot = json.dumps({k: project[k] for k in FROZEN}, ensure_ascii=False, sort_keys=True, default=str)
    candidate_id = await tx.conn.fetchval(
        "INSERT INTO allocation_candidate (division_code, round, project, code, title, place, asked_fen,"
        " snapshot, snapshot_hash, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        project["division_code"],
        row["id"],
        project["id"],
        project["code"],
        project["title"],
        f"{project['township_name']}{project['village_name']}",
        project["asked_fen"],
        snapshot,
        hashlib.sha256(snapshot.encode()).hexdigest(),
        tx.now,
    )
    await papers.copy(tx, row["id"], candidate_id, project)
    await tx.note(
        (TABLE, row["id"], row["division_code"]),
        "allocation.round.add_candidate",
        note=f"{project['code']} {project['title']}",
    )
