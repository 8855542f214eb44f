"""Commands of the mixed method: part a batch, put it into effect, let unspent pots flow back.

Money for factors stays available to who parted and goes out by a factor run; money for competition lies in pots
that only a competitive round gives out. The ledger keeps both apart, so neither can be spent as the other.
Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from typing import Any

from allocation.budget.ledger import Kind, Line, post, reverse
from allocation.mixed import queries, rules
from allocation.mixed.forms import MixedForm
from allocation.mixed.rules import Back, Flow, Lies, PotShare
from allocation.mixed.states import MIXED, S
from allocation.mixed.tables import Mixed
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import FEN_EXACT, Mode, Rounding
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_mixed"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
KINDS = {Lies.AVAILABLE: Kind.AVAILABLE, Lies.COMPETING: Kind.COMPETING}


def rounding_of(tx: Tx, division_code: str) -> Rounding:
    """Read how the factor share is rounded: cut to a unit, the rest is for competition."""
    unit = tx.policy_for(division_code).whole("allocation.mixed.unit_fen")
    return Rounding(Mode.FLOOR, unit, FEN_EXACT.residual)


@command(P.PREPARE_MIXED, audit="allocation.mixed.draft")
async def draft(tx: Tx, form: MixedForm) -> int:
    """Draft a parting of one's own available money of one batch. Gives its id.

    Raises: Invalid ALC-390..393; Refused ALC-398 (the day is past); by constraint ALC-399 (one is under way).
    """
    own = tx.actor.division_code
    if form.use_by <= tx.today:
        raise Refused("ALC-398", field="use_by")
    shares = [PotShare(p.division_code, p.share_bp) for p in form.pots if p.share_bp]
    holders = {h["code"] for h in await queries.holders(tx, own)}
    left = {b["batch"]: int(b["fen"]) for b in await queries.batches(tx, own)}
    if found := rules.problems(form.pool_fen, left.get(form.batch, 0), form.factor_bp, shares, holders):
        raise Invalid(found)
    parted = rules.part(form.pool_fen, form.factor_bp, shares, rounding_of(tx, own))
    mixed_id = await _insert(tx, form, parted)
    await tx.conn.executemany(
        "INSERT INTO allocation_mixed_pot (division_code, mixed, share_bp, amount_fen) VALUES ($1, $2, $3, $4)",
        [(s.division_code, mixed_id, s.share_bp, parted.pots[s.division_code]) for s in shares],
    )
    await tx.note((TABLE, mixed_id, own), "allocation.mixed.draft", clause=CLAUSE, pool_fen=form.pool_fen)
    return mixed_id


async def _insert(tx: Tx, form: MixedForm, parted: rules.Parted) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_mixed (division_code, batch, title, doc_no, pool_fen, factor_bp, factor_fen,"
            " competitive_fen, back_to, use_by, policy_version, created_by, created_name, created_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
            tx.actor.division_code,
            form.batch,
            form.title,
            form.doc_no,
            form.pool_fen,
            form.factor_bp,
            parted.factor_fen,
            parted.competitive_fen,
            form.back_to.value,
            form.use_by,
            tx.policy.version,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )


@command(P.APPROVE_MIXED, audit="allocation.mixed.part")
async def part(tx: Tx, mixed_id: int) -> Row:
    """Put a parting into effect: the money for competition moves into its pots, in one posting.

    Raises: Refused ALC-397 (by who drafted it), ALC-387 (a pot of another parting of this batch is not settled),
    ALC-386, KRN-408; by constraint ALC-102 (the money is gone).
    """
    row = await own(tx, mixed_id)
    if taken := await queries.unsettled(tx, row):
        raise Refused("ALC-387", division=taken)
    moved = await fire(tx, MIXED, Mixed, row, "part", clause=CLAUSE, by=tx.actor.user_id)
    lines = [Line(row["batch"], row["division_code"], Kind.AVAILABLE, -row["competitive_fen"])]
    lines += [
        Line(row["batch"], p["division_code"], Kind.COMPETING, p["amount_fen"])
        for p in await queries.pots(tx, mixed_id)
    ]
    await post(tx, f"mixed:{mixed_id}", lines, source=(TABLE, mixed_id))
    return moved


@command(P.PREPARE_MIXED, audit="allocation.mixed.cancel")
async def cancel(tx: Tx, mixed_id: int, reason: str) -> Row:
    """Give a draft up. Raises: Refused ALC-396, ALC-386, KRN-408."""
    row = await own(tx, mixed_id)
    return await fire(tx, MIXED, Mixed, row, "cancel", reason=reason)


@command(P.APPROVE_MIXED, audit="allocation.mixed.undo")
async def undo(tx: Tx, mixed_id: int, reason: str) -> Row:
    """Take a parting back whole, by reversal; only while no pot was drawn on.

    Raises: Refused ALC-396, ALC-386, KRN-408; by constraint ALC-102 (money of a pot has moved on).
    """
    row = await own(tx, mixed_id)
    moved = await fire(tx, MIXED, Mixed, row, "undo", clause=CLAUSE, reason=reason)
    await reverse(tx, f"mixed:{mixed_id}", source=(TABLE, mixed_id))
    return moved


@command(P.APPROVE_MIXED, audit="allocation.mixed.flow_back")
async def flow_back(tx: Tx, mixed_id: int, reason: str) -> list[Flow]:
    """Let what nobody won in time flow back by the rule of the parting, in one posting.

    Money that falls back into a pot later, because an award was recalled, may flow back again.
    Raises: Refused ALC-394 (the day is not over), ALC-395 (a decided round waits for its approval), ALC-387
    (a later parting holds the pots now), ALC-389 (nothing is left), ALC-396, ALC-386, KRN-408.
    """
    row = await own(tx, mixed_id)
    if row["state"] not in {S.PARTED, S.SETTLED}:
        raise Refused("KRN-408")
    if tx.today <= row["use_by"]:
        raise Refused("ALC-394", use_by=row["use_by"])
    held = await queries.left(tx, row)
    if taken := await queries.unsettled(tx, row):
        raise Refused("ALC-387", division=taken)
    if waiting := await queries.decided_rounds(tx, sorted(held)):
        raise Refused("ALC-395", title=waiting[0]["title"])
    found = rules.flows(held, row["division_code"], Back(row["back_to"]))
    if not found:
        raise Refused("ALC-389")
    await _post_back(tx, row, found, reason)
    if row["state"] == S.PARTED:
        await fire(
            tx, MIXED, Mixed, row, "settle", clause=CLAUSE, reason=reason, flowed=sum(f.amount_fen for f in found)
        )
    return found


async def _post_back(tx: Tx, row: Row, found: list[Flow], reason: str) -> None:
    times = 1 + int(
        await tx.conn.fetchval(
            "SELECT count(DISTINCT event_key) FROM allocation_entry WHERE source_table = $1 AND source_id = $2"
            " AND event_key LIKE $3",
            TABLE,
            row["id"],
            f"mixed:{row['id']}:back:%",
        )
    )
    lines = []
    for flow in found:
        lines.append(Line(row["batch"], flow.division_code, Kind.COMPETING, -flow.amount_fen))
        lines.append(Line(row["batch"], flow.to_division, KINDS[flow.to_kind], flow.amount_fen))
    await post(tx, f"mixed:{row['id']}:back:{times}", lines, source=(TABLE, row["id"]))
    pots = {p["division_code"]: p["id"] for p in await queries.pots(tx, row["id"])}
    await tx.conn.executemany(
        "INSERT INTO allocation_mixed_flow (division_code, mixed, pot, amount_fen, to_division, to_kind, reason,"
        " made_by, made_name, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            (
                f.division_code,
                row["id"],
                pots[f.division_code],
                f.amount_fen,
                f.to_division,
                f.to_kind.value,
                reason,
                tx.actor.user_id,
                tx.actor.name,
                tx.now,
            )
            for f in found
        ],
    )
    total = sum(f.amount_fen for f in found)
    await tx.note((TABLE, row["id"], row["division_code"]), "allocation.mixed.flow_back", clause=CLAUSE, flowed=total)


async def own(tx: Tx, mixed_id: int) -> Row:
    """Lock a parting of one's own division. Raises: Refused KRN-404, ALC-386."""
    row = await queries.find(tx, mixed_id, lock=True)
    if row["division_code"] != tx.actor.division_code:
        raise Refused("ALC-386")
    return row
