"""A hand under a claim: whose turn it is, in whose place, and the village group beside the village's clerk.

Source: 衢政办发〔2016〕65号 二(三)3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from allocation.payments import judging, queries, rules, signing
from allocation.payments.judging import CLAUSE
from allocation.payments.states import CLAIM, S
from allocation.payments.tables import Claim
from allocation.permissions import P
from quzhou_migrants.accounts.public import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


@command(P.VIEW_CLAIMS, audit="allocation.claim.sign")
async def sign(tx: Tx, claim_id: int, opinion: str = "", group: str = "") -> Row:
    """Sign the next step; the last signature makes the claim ready to pay. Gates are looked at again.

    Whoever does not hold the role whose turn it is signs by a dated authority, or not at all.
    Raises: Refused ALC-421..424 (whose turn), ALC-442 (village group), ALC-448 (not what was submitted),
    KRN-403, KRN-409 (two hands at once), Invalid (a gate shut since).
    """
    row, project = await judging.locked(tx, claim_id)
    given = queries.standing(await queries.signatures(tx, claim_id), row["attempt"])
    hand = await _hand(tx, row, given, group)
    rules.check((await judging.look(tx, row, project))[2])
    await judging.check_seal(tx, row)
    last = hand.step == len(row["steps"]) - 1
    with _by_authority(tx, hand.authority):
        moved = await fire(
            tx,
            CLAIM,
            Claim,
            row,
            "sign_last" if last else "sign",
            clause=CLAUSE,
            step=hand.step + 1,
            of=len(row["steps"]),
            opinion=opinion,
            on_behalf=hand.authority.principal_name if hand.authority else "",
        )
    await tx.conn.execute(
        "INSERT INTO allocation_signature (division_code, claim, attempt, step, role, user_id, name, title,"
        " opinion, for_user, for_name, authority, group_names, seal, signed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        row["division_code"],
        claim_id,
        row["attempt"],
        hand.step,
        row["steps"][hand.step],
        tx.actor.user_id,
        tx.actor.name,
        tx.actor.title,
        opinion,
        hand.authority.principal if hand.authority else None,
        hand.authority.principal_name if hand.authority else "",
        hand.authority.id if hand.authority else None,
        "、".join(hand.group),
        row["seal"],
        tx.now,
    )
    return moved


@dataclass(frozen=True, slots=True)
class Hand:
    """The hand that signs now: its step, the authority it rests on, the village group beside it."""

    step: int
    authority: signing.Authority | None
    group: tuple[str, ...]


async def _hand(tx: Tx, row: Row, given: Sequence[signing.Signed], group: str) -> Hand:
    """Find out as what somebody signs the next step: in their own role, or for somebody else."""
    if row["state"] != S.SUBMITTED:
        CLAIM.arrow(row["state"], "sign")
    step = signing.next_step(row["steps"], given)
    role = row["steps"][step] if step is not None else tx.actor.role
    authority = await authority_of(tx, row, given)
    if authority is None:
        tx.require(P.SIGN)
    hands = (tx.actor.user_id or 0, role if authority else tx.actor.role, authority.principal if authority else None)
    try:
        mine = signing.may_sign(row["steps"], given, await queries.preparers(tx, row["id"]), *hands)
    except Refused as refused:
        waits = refused.facts.get("waits_for")
        raise Refused(refused.code, waits_for=CATALOGUE.text(f"hand.{waits}")) if waits else refused from None
    least = tx.policy_for(row["division_code"]).whole("allocation.payments.group_least")
    return Hand(mine, authority, signing.group_names(group, least) if role == Role.VILLAGE_CLERK else ())


async def authority_of(tx: Tx, row: Row, given: Sequence[signing.Signed]) -> signing.Authority | None:
    """Find the authority under which this person may sign what is next; None in one's own role or without one."""
    step = signing.next_step(row["steps"], given)
    if step is None or row["state"] != S.SUBMITTED or tx.actor.role == row["steps"][step]:
        return None
    me = tx.actor.user_id or 0
    held = await queries.authorities(tx, row["division_code"], me)
    return signing.authority_for(held, me, row["steps"][step], row["amount_fen"], tx.today)


@contextmanager
def _by_authority(tx: Tx, authority: signing.Authority | None) -> Iterator[None]:
    """Lend the right to sign for one step to whoever holds a dated authority."""
    before = tx.actor
    if authority:
        tx.actor = replace(before, permissions=before.permissions | {P.SIGN})
    try:
        yield
    finally:
        tx.actor = before
