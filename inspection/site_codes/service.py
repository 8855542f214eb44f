"""Issuing, revoking and printing site codes."""

from __future__ import annotations

from typing import Any

from allocation.events import Awarded
from inspection.events import CodeIssued
from inspection.permissions import P
from inspection.site_codes import queries
from inspection.site_codes.documents import Placard
from inspection.site_codes.rules import address, write_token
from inspection.site_codes.states import CODE
from inspection.site_codes.tables import SiteCode
from projects import public as projects
from projects.events import VillageSucceeded
from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.following import follow
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.signing import installed_ring
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "inspection_site_code"
CLAUSE = "衢政办发〔2016〕65号 二(二)1"
MOST_PLACARDS = 2_000
PROBE = "https://migrants.quzhou.gov.cn"  # as long as a real address; the base is only known where it is printed
FOLLOWING = (
    "inspection_site_code", "inspection_visit", "inspection_visit_photo", "inspection_visit_progress",
    "inspection_finding",
)  # fmt: skip
MARKED = ("awarded", "contracted", "building", "completed", "pre_accepted", "audited", "accepted", "handed_over")


@command(P.ISSUE, audit="inspection.code.issue")
async def issue_code(tx: Tx, project_id: int) -> Row:
    """Issue the code of a project that has none in force.

    Raises: Refused INS-104 it has one, INS-107 no money was granted yet.
    """
    return await _issue(tx, await _marked(tx, project_id))


@command(P.ISSUE, audit="inspection.code.reissue")
async def reissue_code(tx: Tx, code_id: int, reason: str) -> Row:
    """Revoke a code, for whoever still scans it with the reason, and issue the next one."""
    old = await queries.find(tx, code_id)
    await _revoke(tx, old, reason)
    return await _issue(tx, await _marked(tx, old["project"]))


@command(P.ISSUE, audit="inspection.code.revoke")
async def revoke_code(tx: Tx, code_id: int, reason: str) -> Row:
    """Revoke a code without a successor."""
    return await _revoke(tx, await queries.find(tx, code_id), reason)


async def on_awarded(tx: Tx, event: Awarded) -> None:
    """Give every awarded project its code at once; the board can be printed the same day."""
    if await queries.active_of(tx, event.project_id) is None:
        await _issue(tx, await projects.brief(tx, event.project_id))


async def on_village_succeeded(tx: Tx, event: VillageSucceeded) -> None:
    """Let codes, visits and findings follow; the boards name a village that is no more, so each gets a new code."""
    await follow(tx, FOLLOWING, event.old_code, event.new_code)
    facts = {"old": event.old_name, "new": event.new_name, "doc": event.doc_no}
    for project_id in event.project_ids:
        old = await queries.active_of(tx, project_id)
        if old is not None:
            await _revoke(tx, old, CATALOGUE.say("INS-122", facts), verb="succeed")
            await _issue(tx, await projects.brief(tx, project_id))


async def placards(tx: Tx, codes: list[Row]) -> tuple[Placard, ...]:
    """Gather what the boards of some codes say, in their order.

    Raises: Refused INS-106 nothing to print, INS-108 too many at once.
    """
    if not codes:
        raise Refused("INS-106")
    if len(codes) > MOST_PLACARDS:
        raise Refused("INS-108", most=MOST_PLACARDS, count=len(codes))
    boards = {b["id"]: b for b in await projects.boards(tx, [c["project"] for c in codes])}
    line = tx.policy.text("inspection.site_codes.complaint_line")
    return tuple(_placard(tx, code, boards[code["project"]], line) for code in codes)


async def _marked(tx: Tx, project_id: int) -> Row:
    project = await projects.brief(tx, project_id)
    if project["state"] not in MARKED:
        raise Refused("INS-107")
    return project


async def _issue(tx: Tx, project: Row) -> Row:
    code_id = await tx.conn.fetchval(f"SELECT nextval(pg_get_serial_sequence('{TABLE}', 'id'))")
    ring = installed_ring()
    token = write_token(ring, code_id)
    qr.encode(address(PROBE, token))  # a code that no scanner reads is never issued
    row = await tx.conn.fetchrow(
        "INSERT INTO inspection_site_code (id, project, division_code, token, key_no, state, version, issued_at,"
        " issued_by, reason, is_demo) VALUES ($1, $2, $3, $4, $5, 'active', 1, $6, $7, '', $8) RETURNING *",
        code_id,
        project["id"],
        project["division_code"],
        token,
        ring.newest,
        tx.now,
        tx.actor.user_id,
        project["is_demo"],
    )
    await tx.note((TABLE, code_id, project["division_code"]), "inspection.code.issue", clause=CLAUSE)
    await tx.note(
        ("projects_project", project["id"], project["division_code"]),
        "inspection.code.issue",
        clause=CLAUSE,
        code_id=code_id,
    )
    tx.emit(CodeIssued(code_id, project["id"], project["division_code"]))
    return dict(row)


async def _revoke(tx: Tx, row: Row, reason: str, *, verb: str = "revoke") -> Row:
    return await fire(
        tx,
        CODE,
        SiteCode,
        row,
        verb,
        clause=CLAUSE,
        reason=reason.strip(),
        sets={"reason": reason.strip(), "revoked_at": tx.now},
    )


def _placard(tx: Tx, code: Row, board: Row, line: str) -> Placard:
    term = " — ".join(f"{day:%Y-%m-%d}" for day in (board["starts_on"], board["ends_on"]) if day)
    fund = CATALOGUE.say("INS-120", {"year": board["plan_year"] or code["issued_at"].year})
    fields = (
        ("code", board["code"]),
        ("place", " ".join(dict.fromkeys((board["full_name"], board["place"]))).strip()),
        ("fund", fund),
        ("amount", f"{yuan(board['award_fen'])} {CATALOGUE.text('placard.yuan')}"),
        ("content", board["content"]),
        ("owner", board["asset_owner"]),
        ("builder", board["contractor"]),
        ("supervisor", board["supervisor"]),
        ("term", term),
        ("caretaker", board["caretaker"]),
        ("complaint", line),
    )
    shown = tuple((key, text or "—") for key, text in fields)
    issuer = f"{board['county_name'] or ''}{CATALOGUE.text('placard.bureau')}"
    return Placard(board["title"], shown, code["token"], issuer, f"{tx.today:%Y-%m-%d}")
