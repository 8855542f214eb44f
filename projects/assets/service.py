"""Commands from finished works to the handover: preliminary acceptance, audit, acceptance, assets, faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from projects.assets import queries, rules
from projects.assets.forms import AcceptForm, AuditForm, CardForm, HandoverForm, OwnerForm, PreAcceptForm
from projects.assets.parameters import acceptance_rules
from projects.events import ProjectAccepted
from projects.permissions import P
from projects.queries import lock
from projects.rules import Line
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.grams import bigrams, fold
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
ACCEPTANCE = "政府投资条例 第二十五条"
OWNERSHIP = "衢政办发〔2016〕65号 二(五)1"


def dated(day: date, earliest: date | None, today: date, field: str) -> None:
    """Refuse a day before what it follows, or after today. Raises: Refused PRJ-431."""
    if day > today or (earliest is not None and day < earliest):
        raise Refused("PRJ-431", field=field, earliest=earliest, today=today)


def told(lines: Sequence[Line]) -> list[Problem]:
    """Turn the lines that do not hold into problems that name papers and sides in words."""
    return [Problem(x.code, x.field, {k: _word(k, v) for k, v in x.facts.items()}) for x in lines if not x.holds]


def _word(name: str, value: str) -> str:
    return CATALOGUE.text({"kind": "projects.paper.", "aspect": "projects.aspect."}[name] + value)


@command(P.PRE_ACCEPT, audit="projects.assets.pre_accept")
async def pre_accept(tx: Tx, project_id: int, form: PreAcceptForm) -> Row:
    """Hold the preliminary acceptance: pass the works with the faults that remain, or give them back.

    Raises: Invalid PRJ-602 (papers), PRJ-605, PRJ-606 (faults); Refused PRJ-205, PRJ-431, KRN-408, KRN-409.
    """
    row = await lock(tx, project_id, seen=form.seen)
    passed = form.result == "pass"
    MACHINE.arrow(row["state"], "pre_accept" if passed else "rework")
    dated(form.held_on, row["completed_on"], tx.today, "held_on")
    found = [
        Problem("PRJ-606", f"defects.{n}.due_on", {"held": form.held_on})
        for n, d in enumerate(form.defects)
        if d.due_on < form.held_on
    ]
    if passed:
        needed = acceptance_rules(tx.policy_for(row["division_code"])).completion_papers
        found += told(rules.paper_lines(await queries.kinds_of(tx, project_id), needed))
    elif not form.defects:
        found.append(Problem("PRJ-605", "defects.0.content"))
    if found:
        raise Invalid(found)
    await tx.conn.execute(
        "INSERT INTO projects_pre_acceptance (project, division_code, held_on, members, passed, note)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        project_id,
        row["division_code"],
        form.held_on,
        form.members,
        passed,
        form.note,
    )
    await tx.conn.executemany(
        "INSERT INTO projects_defect (project, division_code, source, content, found_on, due_on)"
        " VALUES ($1, $2, 'pre_accept', $3, $4, $5)",
        [(project_id, row["division_code"], d.content, form.held_on, d.due_on) for d in form.defects],
    )
    facts: Row = {"held_on": form.held_on, "defects": len(form.defects)}
    if passed:
        return await fire(tx, MACHINE, Project, row, "pre_accept", clause=ACCEPTANCE, note=form.note, **facts)
    reason = form.note or "；".join(d.content for d in form.defects)
    sets = {"completed_on": None}
    return await fire(tx, MACHINE, Project, row, "rework", clause=ACCEPTANCE, sets=sets, reason=reason, **facts)


@command(P.ACCEPT, audit="projects.assets.audit")
async def audit(tx: Tx, project_id: int, form: AuditForm) -> Row:
    """Enter the audited final account: what was submitted, what the auditor left of it.

    Raises: Invalid PRJ-417, PRJ-602, PRJ-611; Refused PRJ-431, KRN-408, KRN-409.
    Source: 政府投资条例 第二十五条
    """
    row = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(row["state"], "audit")
    dated(form.audited_on, row["completed_on"], tx.today, "audited_on")
    known = acceptance_rules(tx.policy_for(row["division_code"]))
    have = await queries.kinds_of(tx, project_id)
    proofs = [x for x in rules.evidence_lines(have, known, simple=False) if x.field in {"audit", "accounts"}]
    found = rules.check_account(form.submitted_fen, form.settled_fen, row["contract_fen"]) + told(proofs)
    if found:
        raise Invalid(found)
    await tx.conn.execute(
        "INSERT INTO projects_final_audit (project, division_code, submitted_fen, settled_fen, firm, report_no,"
        " audited_on, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        project_id,
        row["division_code"],
        form.submitted_fen,
        form.settled_fen,
        form.firm,
        form.report_no,
        form.audited_on,
        form.note,
    )
    return await fire(
        tx,
        MACHINE,
        Project,
        row,
        "audit",
        clause=ACCEPTANCE,
        submitted_fen=form.submitted_fen,
        settled_fen=form.settled_fen,
        cut_fen=form.submitted_fen - form.settled_fen,
        report_no=form.report_no,
    )


@command(P.ACCEPT, audit="projects.assets.accept")
async def accept(tx: Tx, project_id: int, form: AcceptForm) -> Row:
    """Accept the works with an opinion on every side, each proved by a file; small works take the short way.

    Raises: Refused PRJ-601 (too large for the short way), PRJ-604 (faults), PRJ-405 (an unfavourable opinion),
    PRJ-431, KRN-408, KRN-409; Invalid PRJ-417, PRJ-603, PRJ-607, PRJ-608.
    """
    row = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(row["state"], "accept")
    known = acceptance_rules(tx.policy_for(row["division_code"]))
    simple = row["state"] == S.COMPLETED
    if simple and not rules.is_simple(row["contract_fen"], known.simple_max):
        raise Refused("PRJ-601", amount=row["contract_fen"], limit=known.simple_max.value)
    if count := await queries.open_defects(tx, project_id):
        raise Refused("PRJ-604", count=count)
    dated(form.held_on, row["completed_on"], tx.today, "held_on")
    audited = await queries.audit_of(tx, project_id)
    settled = audited["settled_fen"] if audited else form.settled_fen
    have = await queries.kinds_of(tx, project_id)
    found = told(rules.evidence_lines(have, known, simple=simple)) + _account(settled, row["contract_fen"])
    if rules.STRUCTURE in form.parts and form.life_years is None:
        found.append(Problem("PRJ-608", "life_years"))
    if found:
        raise Invalid(found)
    opinions = {a: getattr(form, a) for a in rules.ASPECTS}
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        "accept",
        clause=ACCEPTANCE,
        failed=rules.failed_aspects(opinions),
        opinions=opinions,
        settled_fen=settled,
        simple=simple,
        sets={"accepted_on": form.held_on},
    )
    await tx.conn.execute(
        "INSERT INTO projects_acceptance (project, division_code, held_on, members, opinions, settled_fen, note)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        project_id,
        row["division_code"],
        form.held_on,
        form.members,
        json.dumps(opinions),
        settled,
        form.note,
    )
    terms = rules.warranties(form.held_on, [p.value for p in form.parts], form.life_years, known.warranty.value)
    await tx.conn.executemany(
        "INSERT INTO projects_warranty (project, division_code, part, starts_on, ends_on) VALUES ($1, $2, $3, $4, $5)",
        [(project_id, row["division_code"], part, form.held_on, until) for part, until in terms.items()],
    )
    tx.emit(ProjectAccepted(project_id, row["division_code"], form.held_on))
    return moved


def _account(settled: int | None, contract_fen: int) -> list[Problem]:
    if settled is None:
        return [Problem("PRJ-607", "settled_fen")]
    return rules.check_account(settled, settled, contract_fen)


@command(P.ACCEPT, audit="projects.assets.hand_over")
async def hand_over(tx: Tx, project_id: int, form: HandoverForm) -> Row:
    """Hand the assets to their owners, who share them by what each invested, and name who looks after them.

    Raises: Invalid PRJ-621, PRJ-622; Refused PRJ-406, PRJ-431, KRN-408, KRN-409.
    Source: 衢政办发〔2016〕65号 二(五)1
    """
    row = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(row["state"], "hand_over")
    dated(form.handed_on, row["accepted_on"], tx.today, "handed_on")
    names = [o.owner for o in form.owners]
    cards = [rules.Card(card.name, card.value_fen) for card in form.cards]
    if found := rules.check_handover(names, cards, await queries.settled_fen(tx, project_id)):
        raise Invalid(found)
    owner = names[0] if len(names) == 1 else CATALOGUE.text("projects.owner.joint").format(first=names[0], n=len(names))
    await tx.conn.execute(
        "INSERT INTO projects_handover (project, division_code, handed_on, owner, caretaker, asset)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        project_id,
        row["division_code"],
        form.handed_on,
        owner,
        form.caretaker,
        form.asset or "；".join(card.name for card in form.cards),
    )
    for seq, card in enumerate(form.cards, 1):
        await _write_card(tx, row, seq, card, form)
    sets = {"handed_over_on": form.handed_on, "asset_owner": owner[:120], "caretaker": form.caretaker}
    return await fire(
        tx, MACHINE, Project, row, "hand_over", clause=OWNERSHIP, owner=owner, caretaker=form.caretaker, sets=sets
    )


async def _write_card(tx: Tx, row: Row, seq: int, card: CardForm, form: HandoverForm) -> None:
    months = acceptance_rules(tx.policy_for(row["division_code"])).check_months.value
    key = await tx.conn.fetchval(
        "INSERT INTO projects_asset (project, division_code, number, name, name_grams, kind, quantity, value_fen,"
        " place, operating, in_use_on, caretaker, next_check_on)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
        row["id"],
        row["division_code"],
        f"{row['code']}-{seq:02d}",
        card.name,
        bigrams(fold(card.name)),
        card.kind.value,
        card.quantity,
        card.value_fen,
        row["place"],
        card.operating,
        form.handed_on,
        form.caretaker,
        rules.add_months(form.handed_on, months),
    )
    await _write_shares(tx, key, row["division_code"], form.owners)


async def _write_shares(tx: Tx, asset_id: int, division_code: str, owners: Sequence[OwnerForm]) -> None:
    parts = rules.shares_bp({o.owner: o.invested_fen for o in owners})
    await tx.conn.executemany(
        "INSERT INTO projects_asset_share (asset, division_code, seq, owner, invested_fen, share_bp)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(asset_id, division_code, n, o.owner, o.invested_fen, parts[o.owner]) for n, o in enumerate(owners, 1)],
    )
