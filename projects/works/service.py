"""Commands of the works: sign, start, complete, accept, hand over; and what visits report of progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from projects.events import ContractSigned, ProjectCompleted
from projects.permissions import P
from projects.queries import PROJECT, lock, subject
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from projects.works import procurement, queries, rules
from projects.works.forms import CompleteForm, ContractForm, StartForm
from projects.works.parameters import bound, duties_on
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.file_types import PICTURES
from quzhou_migrants.kernel.files import files_of, store
from quzhou_migrants.kernel.ids import IdFault, clean, credit_code_fault
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CEILING = "政府投资条例 第二十三条"
IN_PLACE = "政府投资条例 第二十二条"
SITE_BEFORE = "site_before"


@command(P.CONTRACT, audit="projects.contract.sign")
async def sign(tx: Tx, project_id: int, form: ContractForm, seen: int | None = None) -> Row:
    """Record the contract of an awarded project with its milestones.

    Raises: Invalid with everything that is wrong (PRJ-402, PRJ-411 to 417, PRJ-421); Refused KRN-408, KRN-409.
    Source: 政府投资条例 第二十三条
    """
    row = await lock(tx, project_id, seen=seen)
    MACHINE.arrow(row["state"], "sign")
    code = clean(form.credit_code)
    weights = [s.weight_bp for s in form.steps]
    agreed = rules.Contract(form.amount_fen, form.signed_on, form.starts_on, form.ends_on)
    top = rules.ceiling(row["award_fen"], row["own_fen"], row["other_fen"])
    found = rules.check_contract(agreed, top, tx.today) + _steps_named(rules.check_weights(weights))
    found += _credit_problems(code, form.credit_reason)
    found += _party_problems(row, form, code)
    found += await procurement.check_contract(tx, row, form)
    if found:
        raise Invalid(found)
    await tx.conn.execute(
        "INSERT INTO projects_contract (project, division_code, number, method, contractor, credit_code,"
        " credit_reason, supervisor, amount_fen, signed_on, starts_on, ends_on, recorded_by, kind, underground,"
        " supervisor_code, bond_fen)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        project_id,
        row["division_code"],
        form.number,
        form.method.value,
        form.contractor,
        code,
        form.credit_reason,
        form.supervisor,
        form.amount_fen,
        form.signed_on,
        form.starts_on,
        form.ends_on,
        tx.actor.user_id,
        form.kind.value,
        form.underground,
        clean(form.supervisor_code),
        form.bond_fen,
    )
    await tx.conn.executemany(
        "INSERT INTO projects_milestone (project, division_code, seq, title, weight_bp, planned_on)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (project_id, row["division_code"], n, s.title, s.weight_bp, s.planned_on)
            for n, s in enumerate(form.steps, 1)
        ],
    )
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        "sign",
        clause=CEILING,
        weight_bp=sum(weights),
        number=form.number,
        contractor=form.contractor,
        amount_fen=form.amount_fen,
        ceiling_fen=top,
        sets={"contractor": form.contractor, "contract_fen": form.amount_fen},
    )
    tx.emit(ContractSigned(project_id, row["division_code"], form.amount_fen))
    return moved


def _steps_named(found: list[Problem]) -> list[Problem]:
    """Let problems of weights stand beside the typed rows: weight_2 is steps.1.weight_bp."""
    return [Problem(p.code, f"steps.{int(p.field.removeprefix('weight_')) - 1}.weight_bp", p.facts) for p in found]


def _credit_problems(code: str, reason: str) -> list[Problem]:
    """A credit code of the wrong shape is refused; a wrong check character needs a reason.

    Some genuine codes fail their check, so the clerk may insist, and the reason is kept.
    """
    fault = credit_code_fault(code)
    if fault == IdFault.CREDIT_CHECK:
        return [] if reason else [Problem("PRJ-416", "credit_reason")]
    return [Problem(str(fault), "credit_code")] if fault else []


def _party_problems(row: Row, form: ContractForm, code: str) -> list[Problem]:
    """Check the supervisor, whether one is a duty, and the performance bond, by the rules of the signing day."""
    duties = duties_on(form.signed_on, row["division_code"])
    duty = rules.supervision_bound(row["estimate_fen"], duties, underground=form.underground)
    second = clean(form.supervisor_code)
    found = rules.check_parties(
        code, form.supervisor, second, amount_fen=form.amount_fen, bond_fen=form.bond_fen, duty=duty, duties=duties
    )
    fault = credit_code_fault(second) if second else None
    if fault and not (fault == IdFault.CREDIT_CHECK and form.credit_reason):
        found.append(Problem("PRJ-416" if fault == IdFault.CREDIT_CHECK else str(fault), "supervisor_code"))
    return found


@command(P.BUILD, audit="projects.works.start")
async def start(tx: Tx, project_id: int, form: StartForm) -> Row:
    """Works begin: with the money in place and a picture of the untouched site.

    Raises: Refused PRJ-431 (before the contract, or in the future), KRN-408, KRN-409;
    Invalid PRJ-465 (own money), PRJ-466 (no picture); what the store refuses about a picture.
    Source: 政府投资条例 第二十二条
    """
    row = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(row["state"], "start")
    signed = await tx.conn.fetchval("SELECT signed_on FROM projects_contract WHERE project = $1", project_id)
    _dated(form.started_on, signed, tx.today, "started_on")
    policy = tx.policy_for(row["division_code"])
    own = rules.own_share(row["contract_fen"], row["award_fen"], row["other_fen"])
    photos = len(form.photos) + len(await files_of(tx, (PROJECT, project_id), SITE_BEFORE))
    found = rules.check_start(
        form.own_paid_fen, own, bound(policy, "own_money_bp"), photos, bound(policy, "start_photos")
    )
    if found:
        raise Invalid(found)
    await tx.conn.execute(
        "INSERT INTO projects_start (project, division_code, started_on, own_paid_fen, manager, note, recorded_by,"
        " recorded_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        project_id,
        row["division_code"],
        form.started_on,
        form.own_paid_fen,
        form.manager,
        form.note,
        tx.actor.user_id,
        tx.now,
        row["is_demo"],
    )
    for photo in form.photos:
        await store(
            tx,
            photo,
            owner=(PROJECT, project_id),
            kind=SITE_BEFORE,
            division_code=row["division_code"],
            accept=PICTURES,
        )
    return await fire(
        tx,
        MACHINE,
        Project,
        row,
        "start",
        clause=IN_PLACE,
        started_on=form.started_on,
        own_paid_fen=form.own_paid_fen,
        photos=photos,
        note=form.note,
        sets={"started_on": form.started_on},
    )


def _dated(day: date, earliest: date | None, today: date, field: str) -> None:
    """Refuse a day before what it follows, or after today. Raises: Refused PRJ-431."""
    if day > today or (earliest is not None and day < earliest):
        raise Refused("PRJ-431", field=field, earliest=earliest, today=today)


@command(P.BUILD, audit="projects.works.complete")
async def complete(tx: Tx, project_id: int, form: CompleteForm) -> Row:
    """Report the works finished; what was seen on the spot must say the same.

    Raises: Refused PRJ-404 (not all seen), PRJ-431, PRJ-468 (a change order is open), KRN-408, KRN-409.
    """
    row = await lock(tx, project_id, seen=form.seen)
    if await tx.conn.fetchval(OPEN_CHANGE, project_id):
        raise Refused("PRJ-468")
    _dated(form.completed_on, row["started_on"], tx.today, "completed_on")
    param = tx.policy_for(row["division_code"]).param("projects.works.completion_bp")
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        "complete",
        clause=param.source,
        needed_bp=param.value,
        note=form.note,
        completed_on=form.completed_on,
        sets={"completed_on": form.completed_on},
    )
    tx.emit(ProjectCompleted(project_id, row["division_code"], form.completed_on))
    return moved


OPEN_CHANGE = (
    "SELECT EXISTS (SELECT 1 FROM projects_change WHERE project = $1 AND state IN ('proposed', 'passed', 'returned'))"
)
SEEN_STATES = (S.CONTRACTED, S.BUILDING, S.COMPLETED)


async def record_progress(tx: Tx, project_id: int, seen: Mapping[int, int], at: datetime | None = None) -> int:
    """Take over what a visit verified per milestone and recompute the whole.

    A visit that comes in late, or is accepted late, never undoes what somebody saw after it.
    Shape: {milestone_id: basis points}; `at` is when it was seen, now unless told. Units: basis points.
    Raises: Refused PRJ-441 (no works to look at), PRJ-442 (a milestone of another project), PRJ-443 (out of range).
    """
    row = await lock(tx, project_id)
    if row["state"] not in SEEN_STATES:
        raise Refused("PRJ-441")
    moment = min(at or tx.now, tx.now)
    milestones = await milestones_of(tx, project_id)
    steps = [rules.Step(m["id"], m["weight_bp"], m["progress_bp"]) for m in milestones]
    if set(seen) - {s.id for s in steps}:
        raise Refused("PRJ-442")
    if any(not 0 <= bp <= rules.FULL_BP for bp in seen.values()):
        raise Refused("PRJ-443")
    newer = {m["id"] for m in milestones if m["verified_at"] and m["verified_at"] > moment}
    fresh = {key: bp for key, bp in sorted(seen.items()) if key not in newer}
    if not fresh:
        facts = {"before_bp": row["progress_bp"], "after_bp": row["progress_bp"]}
        await tx.note(subject(row), "projects.works.progress_older", seen_at=moment, **facts)
        return int(row["progress_bp"])
    whole = rules.progress(rules.merge(steps, fresh))
    await tx.conn.executemany(
        "UPDATE projects_milestone SET progress_bp = $2, verified_at = $3 WHERE id = $1",
        [(key, bp, moment) for key, bp in fresh.items()],
    )
    await tx.conn.execute(
        "UPDATE projects_project SET progress_bp = $2, version = version + 1 WHERE id = $1", project_id, whole
    )
    planned = await queries.planned_today(tx, project_id)
    await tx.conn.execute(
        "INSERT INTO projects_progress (project, division_code, seen_on, progress_bp, planned_bp, seen_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        project_id,
        row["division_code"],
        tx.today,
        whole,
        planned,
        tx.now,
    )
    await tx.note(subject(row), "projects.works.progress", before_bp=row["progress_bp"], after_bp=whole)
    return whole


async def milestones_of(tx: Tx, project_id: int) -> list[Row]:
    """List the milestones of a project in their order."""
    rows = await tx.conn.fetch("SELECT * FROM projects_milestone WHERE project = $1 ORDER BY seq", project_id)
    return [dict(r) for r in rows]
