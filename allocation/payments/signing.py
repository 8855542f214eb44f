"""Whose hand stands under a claim: the order by amount, nobody twice, deputies by dated authority.

Source: 衢政办发〔2016〕65号 二(三)3 (co-managed account); the village group after 湖南娄星区
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen

FEWEST_SIGNATURES = 2  # the co-managed account: never one hand alone
_BETWEEN = re.compile(r"[\s、,，;；/]+")


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that stands: the step it fills, the hand that gave it, and for whom a deputy gave it."""

    step: int
    user_id: int
    role: str
    for_user: int | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """A dated authority: who may sign for whom, in which role, up to which amount (None: any)."""

    id: int
    principal: int
    principal_name: str
    role: str
    deputy: int
    starts_on: date
    ends_on: date
    limit_fen: Fen | None = None


def signing_steps(amount_fen: Fen, ladder: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Give the roles that sign an amount, in order. A role named twice needs two different hands.

    Shape: `ladder` rows are [from_fen, role, role, ...]; the highest row not above the amount counts.
    Raises: Refused ALC-420, the pack names fewer than two signatures for this amount.
    """
    rows = sorted((row for row in ladder if row[0] <= amount_fen), key=lambda row: int(row[0]))
    steps = tuple(str(role) for role in rows[-1][1:]) if rows else ()
    if len(steps) < FEWEST_SIGNATURES:
        raise Refused("ALC-420", asked=amount_fen)
    return steps


def next_step(steps: Sequence[str], given: Sequence[Signed]) -> int | None:
    """Give the first step that waits for a signature; None when all are given."""
    return len(given) if len(given) < len(steps) else None


def may_sign(  # noqa: PLR0913 - what a signature rests on
    steps: Sequence[str],
    given: Sequence[Signed],
    preparers: Collection[int],
    user_id: int,
    role: str,
    for_user: int | None = None,
) -> int:
    """Give the step that this hand would sign. `preparers` are all who ever wrote on the claim.

    A deputy brings two people along: neither may have prepared, neither may have signed before.
    Raises: Refused ALC-421 (complete), ALC-422 (a preparer), ALC-423 (signed before),
    ALC-424 (it is another role's turn).
    """
    step = next_step(steps, given)
    if step is None:
        raise Refused("ALC-421")
    people = {user_id} if for_user is None else {user_id, for_user}
    if people & set(preparers):
        raise Refused("ALC-422")
    if any(people & {s.user_id, s.for_user} for s in given):
        raise Refused("ALC-423")
    if role != steps[step]:
        raise Refused("ALC-424", waits_for=steps[step])
    return step


def authority_for(found: Iterable[Authority], deputy: int, role: str, amount_fen: Fen, day: date) -> Authority | None:
    """Find the authority under which a deputy may sign for a role today; None without one.

    The last day counts. Of several the one that ends first is used.
    """
    fits = [
        a
        for a in found
        if a.deputy == deputy
        and a.role == role
        and a.starts_on <= day <= a.ends_on
        and (a.limit_fen is None or amount_fen <= a.limit_fen)
    ]
    return min(fits, key=lambda a: (a.ends_on, a.id), default=None)


def group_names(text: str, least: int) -> tuple[str, ...]:
    """Read the names of the village money group who signed on paper; each counts once.

    Raises: Refused ALC-442, fewer than the rule asks for.
    """
    names = tuple(dict.fromkeys(name for name in _BETWEEN.split(text) if name))
    if len(names) < least:
        raise Refused("ALC-442", field="group", count=len(names), least=least)
    return names


def check_authority(starts_on: date, ends_on: date, today: date, most_days: int, *, same: bool) -> None:
    """Let an authority stand: for somebody else, from today on, for a limited time.

    Raises: Refused ALC-443 (oneself), ALC-444 (dates), ALC-445 (too long).
    """
    if same:
        raise Refused("ALC-443", field="deputy")
    if starts_on < today or ends_on < starts_on:
        raise Refused("ALC-444", field="ends_on")
    days = (ends_on - starts_on).days + 1
    if days > most_days:
        raise Refused("ALC-445", field="ends_on", days=days, most=most_days)
