"""The village's notice behind a filing: the object speaks where there is one, else what was typed.

Places without a network post on paper only: what was typed then becomes a closed notice at filing, so
that an objection that comes late has something to be entered at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from projects.notices.parameters import posting_rule
from projects.notices.queries import Row, latest
from projects.notices.rules import Kind
from projects.queries import subject
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.tx import Tx

Draft = Mapping[str, Mapping[str, list[str]]]


class Typed(Protocol):
    """The part of an application about its notice."""

    @property
    def notice_from(self) -> date:
        """First day."""

    @property
    def notice_to(self) -> date:
        """Last day."""

    @property
    def notice_place(self) -> str:
        """Where it hung."""

    @property
    def outcome(self) -> str:
        """What came of it."""


async def posted(tx: Tx, row: Row) -> tuple[Draft, list[Problem]]:
    """Give the draft with its notice as it really hung, and what keeps that notice from standing behind a filing.

    Raises: nothing. Problems: PRJ-516 (it still hangs open), PRJ-517 (objections typed, none entered).
    """
    draft: dict[str, Any] = dict(row["draft"])
    notice = await latest(tx, subject(row))
    if notice is None:
        typed = (draft.get("posting", {}).get("objections") or ["0"])[0].strip()
        return draft, [] if typed in {"", "0"} else [Problem("PRJ-517", "objections")]
    draft["posting"] = {
        "notice_from": [notice["starts_on"].isoformat()],
        "notice_to": [notice["ends_on"].isoformat()],
        "notice_place": [notice["place"] or "—"],
        "objections": [str(notice["received"])],
        "answered": [str(notice["answered"])],
        "outcome": [notice["outcome"]],
    }
    return draft, [Problem("PRJ-516", "notice_to")] if notice["state"] == "open" else []


async def keep_posted(tx: Tx, row: Row, typed: Typed) -> None:
    """Make the paper notice behind a filing an object, unless there is one."""
    about = subject(row)
    if await latest(tx, about):
        return
    rule = posting_rule(tx.policy_for(row["division_code"]), Kind.VILLAGE).days
    await tx.conn.execute(
        "INSERT INTO projects_posting (division_code, kind, subject_table, subject_id, title, place, starts_on,"
        " ends_on, days, day_kind, rule, state, outcome, closed_on, opened_by, opened_at) VALUES ($1, $2, $3, $4, $5,"
        " $6, $7, $8, $9, $10, $11, 'closed', $12, $13, $14, $15)",
        about[2],
        Kind.VILLAGE.value,
        *about[:2],
        CATALOGUE.text("projects.notices.title").format(title=row["title"]),
        typed.notice_place,
        typed.notice_from,
        typed.notice_to,
        rule.days.value,
        rule.kind.value.value,
        rule.days.source,
        typed.outcome,
        tx.today,
        tx.actor.user_id,
        tx.now,
    )
