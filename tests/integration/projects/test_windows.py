"""Intake windows are written down when they open and close, once each."""

from __future__ import annotations

from datetime import datetime

from house import CITY, VILLAGE

from projects.intake.jobs import keep_windows
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.tx import system_tx


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


async def _run(moment: datetime) -> list[tuple]:
    async with system_tx("projects.windows", at=moment) as tx:
        await keep_windows(tx, moment.date().isoformat())
        rows = await tx.conn.fetch(
            "SELECT name, filed, drafts, closed_at IS NOT NULL FROM projects_window ORDER BY name"
        )
        return [tuple(r) for r in rows]


async def test_window_opens_on_its_first_day_and_closes_after_its_last(db):
    async with system_tx("test", at=at(2, 1)) as tx:
        await tx.conn.executemany(
            'INSERT INTO projects_project (code, division_code, title, state, "window") VALUES ($1, $2, $3, $4, $5)',
            [
                ("W-1", VILLAGE, "一", "submitted", "2026-03"),
                ("W-2", VILLAGE, "二", "admitted", "2026-03"),
                ("W-3", VILLAGE, "三", "draft", ""),
            ],
        )
    assert await _run(at(2, 28)) == []
    assert await _run(at(3, 1)) == [("2026-03", 0, 0, False)]
    assert await _run(at(3, 31, 23, 59)) == [("2026-03", 0, 0, False)]
    assert await _run(at(4, 1)) == [("2026-03", 2, 1, True)]
    assert await _run(at(9, 1)) == [("2026-03", 2, 1, True), ("2026-09", 0, 0, False)]


async def test_a_second_run_changes_nothing(db):
    for moment in (at(3, 1), at(3, 1), at(4, 1), at(4, 2)):
        await _run(moment)
    async with system_tx("test", at=at(4, 3)) as tx:
        lines = await tx.conn.fetch(
            "SELECT verb FROM kernel_journal WHERE subject_table = 'projects_window' AND division_code = $1"
            " ORDER BY id",
            CITY,
        )
    assert [r["verb"] for r in lines] == ["projects.window.open", "projects.window.close"]
