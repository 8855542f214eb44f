"""Commands after the decision: the result before the public, approved into awards, sent back, moved up.

Source: 衢政办发〔2016〕65号 二(三)1; 招标投标法实施条例 第五十四条 (by analogy: the notice of candidates)
"""

from __future__ import annotations

from typing import Any

from allocation.competitive import drawing, outcome, queries
from allocation.competitive.decisions import cut_of
from allocation.competitive.forms import PromoteForm
from allocation.competitive.states import ROUND, S
from allocation.competitive.tables import Round
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.files import FileRef, store
from quzhou_migrants.kernel.money import Fen, yuan
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE, DECISION = "allocation_round", "allocation_decision"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
NOTICE_CLAUSE = "招标投标法实施条例 第五十四条（参照）"
SIGNED = "signed_minutes"


def subject(row: Row) -> tuple[str, int, str]:
    """Name what the notice of a result is about."""
    return TABLE, row["id"], row["division_code"]


@command(P.PREPARE_ROUND, audit="allocation.round.post")
async def post(tx: Tx, round_id: int) -> Row:
    """Put the decided result and the reserve list before the public; the days are the pack's.

    Raises: Refused KRN-408, ALC-386, PRJ-505 (a notice hangs already).
    """
    row = await queries.own_round(tx, round_id)
    moved = await fire(tx, ROUND, Round, row, "post", clause=NOTICE_CLAUSE)
    decision = await queries.decision(tx, round_id)
    lines = decision["lines"] if decision else []
    candidates = await queries.candidates(tx, round_id)
    places = _places(row, candidates, {x["candidate"]: x["decided_fen"] for x in lines})
    await tx.conn.executemany(
        "UPDATE allocation_candidate SET decided_fen = $2, reserve_place = $3 WHERE id = $1",
        [(x["candidate"], x["decided_fen"], places.get(x["code"])) for x in lines],
    )
    title = CATALOGUE.text("round.notice.title").format(title=row["title"])
    body, place = _body(lines, places), CATALOGUE.text("round.notice.place")
    await projects.post_result(tx, subject(row), title, body, place)
    return moved


def _places(row: Row, candidates: list[Row], decided: dict[int, Fen]) -> dict[str, int]:
    ranked = [
        outcome.Settled(c["code"], c["rank"], c["mean"], c["proposed_fen"] or 0, decided.get(c["id"], 0), c["vetoed"])
        for c in candidates
        if c["rank"] is not None and c["mean"] is not None
    ]
    return outcome.reserve_list(ranked, row["terms"].pass_mark)


def _body(lines: list[Row], places: dict[str, int]) -> str:
    given = [x for x in lines if x["decided_fen"]]
    said = CATALOGUE.text("round.notice.line")
    told = [
        said.format(rank=x["rank"], code=x["code"], title=x["title"], place=x["place"], money=yuan(x["decided_fen"]))
        for x in given
    ]
    titles = {x["code"]: x["title"] for x in lines}
    waiting = [f"{n}. {code} {titles[code]}" for code, n in sorted(places.items(), key=lambda p: p[1])]
    return CATALOGUE.text("round.notice.body").format(
        count=len(given),
        money=yuan(sum(x["decided_fen"] for x in given)),
        lines="\n".join(told),
        reserve=CATALOGUE.text("round.notice.comma").join(waiting) or CATALOGUE.text("round.notice.none"),
    )


@command(P.PREPARE_ROUND, audit="allocation.round.take_back")
async def take_back(tx: Tx, round_id: int, reason: str) -> Row:
    """Take a posted result back to the meeting; a notice that still hangs comes down.

    Raises: Refused ALC-320, ALC-386, KRN-408, PRJ-508 (objections wait for an answer).
    """
    row = await queries.own_round(tx, round_id)
    moved = await fire(tx, ROUND, Round, row, "take_back", reason=reason)
    await projects.take_down(tx, subject(row), reason)
    await _undecide(tx, round_id)
    return moved


@command(P.APPROVE_ROUND, audit="allocation.round.approve")
async def approve(tx: Tx, round_id: int) -> Row:
    """Approve the posted result: each project with money is awarded, the ledger moves, upper rooms hear of it.

    Raises: Invalid ALC-374..377 (the notice), Refused KRN-408, ALC-386, and what an award refuses.
    """
    row = await queries.own_round(tx, round_id, lock=True)
    moved = await fire(tx, ROUND, Round, row, "approve", clause=CLAUSE, problems=await barring(tx, row))
    decision = await queries.decision(tx, round_id)
    lines = decision["lines"] if decision else []
    # Projects before accounts, as every award locks them: two hands wait for each other instead of dying.
    for project in sorted(x["project"] for x in lines if x["decided_fen"]):
        await projects.lock(tx, project)
    for line in lines:
        await tx.conn.execute(
            "UPDATE allocation_candidate SET awarded_fen = $2 WHERE id = $1", line["candidate"], line["decided_fen"]
        )
        if line["decided_fen"]:
            await drawing.award(tx, row, line["project"], line["decided_fen"])
    return moved


async def barring(tx: Tx, row: Row) -> list[Problem]:
    """Say what of its notice still bars the approval of a result."""
    notice, waiting = await notice_of(tx, row)
    return outcome.notice_problems(notice, waiting)


@command(P.APPROVE_ROUND, audit="allocation.round.reject")
async def reject(tx: Tx, round_id: int, reason: str) -> Row:
    """Send a decision back to be taken anew; the rejected one stays on file.

    Raises: Refused ALC-320, ALC-378 (its notice still hangs), ALC-386.
    """
    row = await queries.own_round(tx, round_id)
    notice, _ = await notice_of(tx, row)
    moved = await fire(tx, ROUND, Round, row, "reject", reason=reason, hangs=bool(notice and notice.hangs))
    await _undecide(tx, round_id)
    return moved


async def _undecide(tx: Tx, round_id: int) -> None:
    await tx.conn.execute("UPDATE allocation_decision SET standing = false WHERE round = $1 AND standing", round_id)
    await tx.conn.execute(
        "UPDATE allocation_candidate SET decided_fen = NULL, reserve_place = NULL WHERE round = $1", round_id
    )


async def notice_of(tx: Tx, row: Row) -> tuple[outcome.Shown | None, int]:
    """Give the notice of the standing result, and how many objections wait for an answer.

    Only a notice put up for this decision counts, not that of one sent back before.
    """
    found = await projects.notice_of(tx, subject(row))
    waiting = await projects.objections_open(tx, subject(row))
    posted = row["state"] in {S.POSTED, S.AWARDED}
    if found is None or not posted:
        return None, waiting
    return outcome.Shown(found["state"] == "open", found["ends_on"], found["upheld"]), waiting


@command(P.PREPARE_ROUND, audit="allocation.round.sign")
async def keep_signed(tx: Tx, round_id: int, file: Any) -> FileRef:  # noqa: ANN401 - an upload
    """Keep the scan of the minutes as the members signed them. Raises: Refused KRN-404, ALC-386, KRN-641..649."""
    row = await queries.own_round(tx, round_id)
    decision = await queries.decision(tx, round_id)
    if decision is None:
        raise Refused("KRN-404")
    kept = await store(tx, file, owner=(DECISION, decision["id"]), kind=SIGNED, division_code=row["division_code"])
    await tx.note(subject(row), "allocation.round.sign", note=kept.name)
    return kept


@command(P.APPROVE_ROUND, audit="allocation.round.promote")
async def promote(tx: Tx, round_id: int, form: PromoteForm) -> Fen:
    """Move a project up from the reserve list into money that fell free. Gives what it got. Units: fen.

    Raises: Refused KRN-408, ALC-380 (not waiting), ALC-379 (too little is left), ALC-381 (past others without a
    word), ALC-324 (no longer in the reserve), ALC-386, and what an award refuses.
    """
    row = await queries.own_round(tx, round_id, lock=True)
    if row["state"] != S.AWARDED:
        raise Refused("KRN-408")
    standing = await queries.standing(tx, round_id)
    waiting = {c["code"]: c for c in standing.waiting}
    chosen = next((c for c in standing.waiting if c["id"] == form.candidate), None)
    if chosen is None:
        raise Refused("ALC-380")
    left = row["budget_fen"] - standing.awarded_fen
    amount = outcome.promoted_fen(chosen["asked_fen"], left, cut_of(row))
    over = outcome.passed_over({code: c["reserve_place"] for code, c in waiting.items()}, chosen["code"])
    outcome.check_passing(over, form.reason)
    award_id = await drawing.award(tx, row, chosen["project"], amount, doc_no=form.doc_no, reason=form.reason)
    await _keep_promotion(tx, row, chosen, (amount, award_id), over, form)
    return amount


async def _keep_promotion(  # noqa: PLR0913 - a promotion has these parts
    tx: Tx, row: Row, chosen: Row, given: tuple[Fen, int], over: list[str], form: PromoteForm
) -> None:
    await tx.conn.execute(
        "INSERT INTO allocation_promotion (division_code, round, candidate, place, amount_fen, award, passed_over,"
        " reason, doc_no, made_by, made_name, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        row["division_code"],
        row["id"],
        chosen["id"],
        chosen["reserve_place"],
        *given,
        "、".join(over),
        form.reason,
        form.doc_no,
        tx.actor.user_id,
        tx.actor.name,
        tx.now,
    )
    await tx.conn.execute("UPDATE allocation_candidate SET awarded_fen = $2 WHERE id = $1", chosen["id"], given[0])
    await tx.note(
        subject(row),
        "allocation.round.promote",
        clause=CLAUSE,
        note=f"{chosen['code']} {chosen['title']}",
        amount_fen=given[0],
        passed_over=over,
        reason=form.reason,
    )
