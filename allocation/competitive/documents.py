"""The minutes of a collective decision, with places for every signature."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import Any

from allocation.competitive import outcome, queries, rules
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


def _t(key: str) -> str:
    return CATALOGUE.text(f"minutes.{key}")


async def minutes(tx: Tx, round_id: int) -> Document:
    """Lay the standing decision out. Raises: Refused KRN-404, nothing is decided yet."""
    row = await queries.round_of(tx, round_id)
    decision = await queries.decision(tx, round_id)
    if decision is None:
        raise Refused("KRN-404")
    return laid_out(tx.actor.org_name, row, decision, await queries.candidates(tx, round_id))


def laid_out(author: str, row: Row, decision: Row, candidates: list[Row]) -> Document:
    """Lay one decision out, standing or sent back."""
    means = {c["id"]: c["mean"] for c in candidates}
    members = decision["members"]
    blocks: tuple[Block, ...] = (
        Fields(
            (
                (_t("round"), row["title"]),
                (_t("pot"), row["pot_title"] or CATALOGUE.text("round.pot.own")),
                (_t("budget"), f"{yuan(row['budget_fen'])} {_t('yuan')}"),
                (_t("held"), decision["held_on"].isoformat()),
                (_t("place"), decision["place"]),
                (_t("chair"), decision["chair"]),
                (_t("tally"), _tally(members)),
            )
        ),
        Heading(_t("members")),
        _members(members),
        *_items(members, row["terms"].majority),
        Heading(_t("result")),
        _result(decision["lines"], means),
        Heading(_t("text")),
        *(Text(line) for line in decision["minutes"].splitlines() if line.strip()),
        Text(_t("rule") + row["policy_version"][:16], small=True, indent=False),
        Heading(_t("signs")),
        Signs(tuple(m["name"] for m in members if m["present"])),
    )
    number = "" if decision["standing"] else _t("sent_back")
    return Document(_t("title"), blocks, number, author=author, footer=row["title"], wide=True)


def _tally(members: list[Row]) -> str:
    votes = Counter(m["vote"] for m in members)
    counts = [
        ("due", len(members)),
        ("present", sum(m["present"] for m in members)),
        ("avoided", sum(m["avoids"] for m in members)),
        ("for", votes["for"]),
        ("against", votes["against"]),
        ("abstain", votes["abstain"]),
    ]
    return "  ".join(f"{_t(key)} {count} {_t('people')}" for key, count in counts)


def _members(members: list[Row]) -> Grid:
    rows = tuple(
        (
            m["name"],
            m["title"],
            _t("steps_out" if m["avoids"] else "yes" if m["present"] else "no"),
            CATALOGUE.text(f"vote.{m['vote']}"),
            "  ".join(x for x in (m["reason"], _t("except").format(ranks=m["excepts"]) if m["excepts"] else "") if x),
        )
        for m in members
    )
    return Grid(tuple(_t(k) for k in ("name", "post", "attended", "vote", "reason")), rows, (1, 2, 0.8, 0.8, 2))


def _items(members: list[Row], majority: str) -> tuple[Block, ...]:
    """Say how the vote stands on each project for which somebody alone stepped out."""
    known = [
        rules.Member(m["name"], m["present"], m["avoids"], rules.Vote(m["vote"]), excepted(m["excepts"]))
        for m in members
    ]
    said = _t("item")
    return tuple(
        Text(said.format(rank=t.rank, entitled=t.entitled, votes=t.votes_for), small=True)
        for t in outcome.item_tallies(known, Fraction(majority))
    )


def excepted(text: str) -> frozenset[int]:
    """Read back the places a member stepped out for, as they were taken."""
    return frozenset(int(n) for n in re.findall(r"[0-9]+", text))


def _result(lines: list[Row], means: dict[int, Any]) -> Grid:
    rows = [
        (
            str(x["rank"]),
            f"{x['code']} {x['title']}",
            rules.written(means[x["candidate"]]),
            yuan(x["proposed_fen"]),
            yuan(x["decided_fen"]),
            x["reason"],
        )
        for x in lines
    ]
    sums = (yuan(sum(x["proposed_fen"] for x in lines)), yuan(sum(x["decided_fen"] for x in lines)))
    rows.append((_t("total"), "", "", *sums, ""))
    head = tuple(_t(k) for k in ("rank", "project", "score", "proposed", "decided", "why"))
    return Grid(head, tuple(rows), (0.5, 3, 0.7, 1.3, 1.3, 2), frozenset({2, 3, 4}), total=True)
