"""A calendar of all dates of one post, behind a secret address: windows, refreshes, what waits with a date.

The address is a random token of which only the hash is kept; it reads, and can do nothing else.
Source: RFC 5545 (iCalendar), RFC 7986 (refresh interval).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event

from projects.intake import queries, windows
from quzhou_migrants.accounts.public import acting_as, token_hash
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import month_span
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx, system_tx

AHEAD = timedelta(days=400)
"""How far ahead windows and refreshes are told: a little more than a year."""
RENEW = timedelta(hours=6)
SUFFIX = ".ics"


@dataclass(frozen=True, slots=True)
class Day:
    """One whole-day entry; `key` keeps its identity between two readings of the feed."""

    key: str
    on: date
    title: str
    note: str = ""
    url: str = ""


async def open_feed(tx: Tx) -> str:
    """Make a new secret address for the post that asks; the one before ends. Shape: the token.

    Raises: Refused PRJ-188, somebody from outside, whose range ends with an engagement.
    """
    if tx.actor.is_outsider:
        raise Refused("PRJ-188")
    await close_feed(tx)
    token = secrets.token_urlsafe(24)
    await tx.conn.execute(
        "INSERT INTO projects_calendar_feed (token_hash, user_id, post_id, at) VALUES ($1, $2, $3, $4)",
        token_hash(token),
        tx.actor.user_id,
        tx.actor.post_id,
        tx.now,
    )
    return token


async def close_feed(tx: Tx) -> None:
    """End the address of the post that asks."""
    await tx.conn.execute(
        "DELETE FROM projects_calendar_feed WHERE user_id = $1 AND post_id = $2", tx.actor.user_id, tx.actor.post_id
    )


async def opened_at(tx: Tx) -> datetime | None:
    """Tell when the post's address was made."""
    found: datetime | None = await tx.conn.fetchval(
        "SELECT at FROM projects_calendar_feed WHERE user_id = $1 AND post_id = $2",
        tx.actor.user_id,
        tx.actor.post_id,
    )
    return found


async def reader_of(token: str) -> Actor | None:
    """Tell whose dates an address shows; None when it was closed or its post has ended."""
    async with system_tx("projects.calendar.read") as tx:
        row = await tx.conn.fetchrow(
            "SELECT user_id, post_id FROM projects_calendar_feed WHERE token_hash = $1",
            token_hash(token.removesuffix(SUFFIX)),
        )
        return await acting_as(tx, row["user_id"], row["post_id"]) if row else None


async def days_of(tx: Tx, panels: Sequence[Any], root: str) -> list[Day]:
    """Gather every date of a post: windows and refreshes of its place, and its tasks that have one."""
    tasks = [task for panel in panels for task in await panel(tx)]
    months = tuple(tx.policy.get("projects.intake.window_months"))
    extended = await queries.extensions(tx, tx.actor.division_code)
    refresh = tuple(tx.policy.get("projects.reserve.refresh_months"))
    return [
        *_windows(months, tx.now, extended, root),
        *_refreshes(refresh, tx.today, root),
        *_tasks(tasks, root),
    ]


def _windows(months: Sequence[int], now: datetime, extended: windows.Extended, root: str) -> Iterable[Day]:
    found = windows.last_window(months, now, extended)
    while found.opens_on <= now.date() + AHEAD:
        facts = {"window": CATALOGUE.text("projects.calendar.month").format(found.opens_on.year, found.opens_on.month)}
        for kind, on in (("opens", found.opens_on), ("closes", found.closes_on)):
            title = CATALOGUE.text(f"projects.calendar.{kind}").format(**facts)
            yield Day(f"window-{found.name}-{kind}", on, title, url=f"{root}/windows")
        found = windows.next_window(months, found.opens_at).until(extended)


def _refreshes(months: Sequence[int], today: date, root: str) -> Iterable[Day]:
    for year in (today.year, today.year + 1):
        for month in months:
            first, last = month_span(year, month)
            if today <= last <= today + AHEAD:
                title = CATALOGUE.text("projects.calendar.refresh").format(year, month)
                yield Day(f"refresh-{year}-{month}", first, title, url=f"{root}/reserve")


def _tasks(tasks: Iterable[Task], root: str) -> Iterable[Day]:
    for task in tasks:
        if task.due:
            title = f"{CATALOGUE.text(f'task.{task.kind}')}：{task.title}"
            yield Day(f"task-{task.kind}-{task.url}", task.due, title, url=root + task.url)


def write(days: Iterable[Day], *, host: str, at: datetime) -> bytes:
    """Write the entries as iCalendar."""
    feed = Calendar()
    feed.add("prodid", f"-//{host}//projects//ZH")
    feed.add("version", "2.0")
    feed.add("method", "PUBLISH")
    feed.add("x-wr-calname", CATALOGUE.text("projects.calendar.name"))
    feed.add("refresh-interval", RENEW, parameters={"VALUE": "DURATION"})
    for day in days:
        entry = Event()
        entry.add("uid", f"{day.key}@{host}")
        entry.add("dtstamp", at.astimezone(UTC))
        entry.add("dtstart", day.on)
        entry.add("dtend", day.on + timedelta(days=1))
        entry.add("summary", day.title)
        if day.url:
            entry.add("url", day.url)
        entry.add("transp", "TRANSPARENT")
        feed.add_component(entry)
    return bytes(feed.to_ical())
