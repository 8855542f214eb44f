"""What follows a collective decision, as rules: votes item by item, the notice, the reserve list, who moves up.

Pure, like rules.py, and split from it by subject.
Source: 招标投标法实施条例 第五十三条、第五十四条 (by analogy); 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from allocation.competitive.rules import Cut, Member, Vote, granted
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.money import Fen


def ranks_of(text: str, ranks: Collection[int]) -> frozenset[int]:
    """Read the places for which a member steps out, as typed ("2、5").

    Raises: Refused ALC-371 (not a list of places, or a place that nobody took).
    """
    parts = [p for p in re.split(r"[\s,，、;；]+", text.strip()) if p]
    wrong = [p for p in parts if not p.isascii() or not p.isdecimal() or int(p) not in ranks]
    if wrong:
        raise Refused("ALC-371", field="steps_out", given="、".join(wrong))
    return frozenset(int(p) for p in parts)


@dataclass(frozen=True, slots=True)
class ItemTally:
    """The vote on one project for which somebody stepped out. Units: votes, members entitled."""

    rank: int
    entitled: int
    votes_for: int


def item_tallies(members: Sequence[Member], majority: Fraction) -> list[ItemTally]:
    """Count anew each project for which a member steps out; that member's vote does not count for it.

    Raises: Refused ALC-372, a project without the majority of those who may decide on it.
    """
    found = []
    for rank in sorted({r for m in members for r in m.excepts}):
        entitled = [m for m in members if not m.avoids and rank not in m.excepts]
        votes = sum(m.present and m.vote is Vote.FOR for m in entitled)
        if votes <= len(entitled) * majority:
            raise Refused("ALC-372", rank=rank, votes=votes, entitled=len(entitled))
        found.append(ItemTally(rank, len(entitled), votes))
    return found


def check_dissent(members: Sequence[tuple[str, Vote, str]]) -> None:
    """Take a vote against only with its reason in writing. Shape: (name, vote, reason). Raises: Refused ALC-373."""
    for name, vote, reason in members:
        if vote is Vote.AGAINST and not reason.strip():
            raise Refused("ALC-373", name=name)


@dataclass(frozen=True, slots=True)
class RosterChange:
    """Who was due at the last decision and is not now, and the other way round."""

    left: tuple[str, ...]
    joined: tuple[str, ...]


def roster_change(before: Sequence[str], now: Sequence[str]) -> RosterChange:
    """Compare those due with those due last time, in the order of the lists."""
    return RosterChange(tuple(n for n in before if n not in now), tuple(n for n in now if n not in before))


@dataclass(frozen=True, slots=True)
class Shown:
    """The notice of a result: whether it hangs, its last day, objections found right."""

    hangs: bool
    ends_on: date
    upheld: int


def notice_problems(shown: Shown | None, waiting: int) -> list[Problem]:
    """Say what of its notice keeps a result from being approved.

    Codes: ALC-374 (never posted), ALC-375 (it still hangs), ALC-376 (objections without an answer),
    ALC-377 (an objection was right: the meeting decides anew).
    """
    found = []
    if shown is None:
        found.append(Problem("ALC-374"))
    elif shown.hangs:
        found.append(Problem("ALC-375", "", {"ends": shown.ends_on}))
    if waiting:
        found.append(Problem("ALC-376", "", {"left": waiting}))
    if shown and shown.upheld:
        found.append(Problem("ALC-377", "", {"upheld": shown.upheld}))
    return found


@dataclass(frozen=True, slots=True)
class Settled:
    """One candidate after the decision. Units: fen."""

    code: str
    rank: int
    mean: Fraction
    proposed_fen: Fen
    decided_fen: Fen
    vetoed: bool = False


def reserve_list(rows: Sequence[Settled], pass_mark: int) -> dict[str, int]:
    """Number the reserve list by rank: passed, without money, not ruled out, not set aside by the meeting.

    A project that the ranking gave money and the meeting, with a reason, did not, waits for nothing.
    Shape: {code: place}, from 1.
    """
    empty = [r for r in rows if not r.decided_fen and not r.proposed_fen and not r.vetoed and r.mean >= pass_mark]
    return {r.code: n for n, r in enumerate(sorted(empty, key=lambda r: r.rank), start=1)}


def promoted_fen(wish_fen: Fen, left_fen: Fen, terms: Cut) -> Fen:
    """Give what a project of the reserve list gets of money that fell free, by the rule of the call.

    Raises: Refused ALC-379, what is left does not reach.
    """
    give = granted(min(wish_fen, terms.cap_fen), left_fen, terms)
    if not give:
        raise Refused("ALC-379", wish=min(wish_fen, terms.cap_fen), left=max(left_fen, 0))
    return give


def passed_over(places: Mapping[str, int], chosen: str) -> list[str]:
    """Name who stands before the chosen on the reserve list, best first. Shape: {code: place} of those waiting."""
    return [code for code, place in sorted(places.items(), key=lambda p: p[1]) if place < places[chosen]]


def check_passing(over: Sequence[str], reason: str) -> None:
    """Let a project move up past others only with a reason that names each of them. Raises: Refused ALC-381."""
    silent = [code for code in over if code not in reason]
    if silent:
        raise Refused("ALC-381", field="reason", projects="、".join(silent))
