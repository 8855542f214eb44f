"""Intake as a year leaves it: whole answers behind every filing, one extension, late pleas, two people at one draft."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.filing import at, write
from quzhou_migrants.demo.lives import DAY, Life, by_county, draft_of
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, World, say
from quzhou_migrants.kernel.clock import month_span
from quzhou_migrants.kernel.tx import system_tx

Record = dict[str, Any]
MARCH = "2026-03"
EXTENDED = date(2026, 4, 7)
ASKED, FILED_LATE, GRANTED_UNTIL = date(2026, 4, 9), date(2026, 4, 14), date(2026, 4, 17)
REMIND_DAYS = 10


def file_late(lives: list[Life]) -> None:
    """Let one village of each county be late in March, before anything is written."""
    for life in _latecomers(lives):
        life.filed_on = FILED_LATE


def _latecomers(lives: list[Life]) -> Iterator[Life]:
    """The first project of March in each county."""
    for _, mine in by_county(lives):
        yield from [one for one in mine if one.window_name == MARCH and one.goal != "withdrawn"][:1]


async def make_intake(world: World, lives: list[Life]) -> None:
    """Write what stands behind the applications: filings with their tables, and what moved windows."""
    filed = [life for life in lives if life.filed]
    drafts = [life for life in lives if life.goal == "draft"]
    async with system_tx("demo.intake") as tx:
        await write(tx, "projects_filing", [_filing(world, life) for life in filed])
        await write(tx, "projects_item", [_item(life) for life in filed])
        await write(tx, "projects_target", [_target(life) for life in filed])
        await write(tx, "projects_window", list(_windows(lives)))
        await write(tx, "projects_window_extension", [_extension(world, code) for code in sorted(world.counties)[:1]])
        await write(tx, "projects_late", [_late(life) for life in _latecomers(lives)])
        await write(tx, "projects_draft_clash", list(_clashes(world, drafts)))
        await write(tx, "projects_reminder", [_reminder(life) for life in drafts])


def _head(life: Life) -> Record:
    return {"project": life.id, "division_code": life.village.code, "is_demo": True}


def _filing(world: World, life: Life) -> Record:
    text = json.dumps(draft_of(life), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        **_head(life), "round": 1, "window": life.window_name, "receipt": life.receipt, "answers": draft_of(life),
        "sha256": hashlib.sha256(text.encode()).hexdigest(), "at": at(life.filed_on, 10),
        "by_name": world.actor(Role.VILLAGE_CLERK, life.village.code).name,
    }  # fmt: skip


def _item(life: Life) -> Record:
    typed = draft_of(life)["works"]
    return {
        **_head(life), "round": 1, "seq": 1, "name": typed["items.0.name"][0],
        "quantity": typed["items.0.quantity"][0], "unit": typed["items.0.unit"][0], "price_fen": 0,
    }  # fmt: skip


def _target(life: Life) -> Record:
    typed = draft_of(life)["benefit"]
    return {
        **_head(life), "round": 1, "seq": 1, "name": typed["targets.0.name"][0], "operator": "ge",
        "value": typed["targets.0.value"][0], "unit": typed["targets.0.unit"][0],
    }  # fmt: skip


def _windows(lives: list[Life]) -> Iterator[Record]:
    """Every window of the demonstration as the daily job would have written it down."""
    for name in sorted({life.window_name for life in lives}):
        year, month = map(int, name.split("-"))
        first, last = month_span(year, month)
        over = last < BUSINESS_DATE
        mine = [life for life in lives if life.window_name == name]
        yield {
            "division_code": CITY, "name": name, "opens_on": first, "closes_on": last,
            "closed_at": at(last + DAY, 0) if over else None, "rule": "",
            "filed": sum(life.filed for life in mine) if over else 0, "drafts": 0,
        }  # fmt: skip


def _extension(world: World, county: str) -> Record:
    return {
        "division_code": county, "window": MARCH, "closes_on": EXTENDED, "reason": say("extension_reason"),
        "doc_no": "", "author": world.actor(Role.COUNTY_CLERK, county).name, "at": at(date(2026, 3, 30), 9),
        "is_demo": True,
    }  # fmt: skip


def _late(life: Life) -> Record:
    return {
        **_head(life), "window": MARCH, "reason": say("late_reason"), "version": 2, "state": "granted",
        "until": GRANTED_UNTIL, "answer": say("late_answer"), "asked_at": at(ASKED, 9),
        "decided_at": at(ASKED + DAY, 9),
    }  # fmt: skip


def _clashes(world: World, drafts: list[Life]) -> Iterator[Record]:
    """One draft of each county on which two people of the village wrote at once."""
    for _, mine in by_county(drafts):
        life = mine[0]
        clerk = world.actor(Role.VILLAGE_CLERK, life.village.code)
        typed = draft_of(life)["works"]["content"]
        yield {
            **_head(life), "section": "works", "mine": {"content": [typed[0] + say("clash_text")]},
            "theirs": {"content": typed}, "theirs_by": clerk.name, "by_user": clerk.user_id, "by_name": clerk.name,
            "at": at(BUSINESS_DATE - DAY, 16),
        }  # fmt: skip


def _reminder(life: Life) -> Record:
    return {**_head(life), "due_on": date(2026, 9, 30), "days": REMIND_DAYS, "at": at(BUSINESS_DATE, 6)}
