"""Whatever is commanded, in whatever order: the ledger balances, nothing is below zero, nothing is lost."""

from __future__ import annotations

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, SHILIANG, VILLAGE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from money_house import a_project, batch_form, book

from allocation.budget import earmarks, ledger, overview, queries, service
from allocation.budget.forms import EarmarkForm
from allocation.budget.ledger import Kind, Line, Share
from allocation.reports.sums import sum_faults
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused

pytestmark = pytest.mark.asyncio(loop_scope="session")
SOURCE = ("allocation_batch", 1)
FEN = st.integers(0, 120)
PLACE = st.sampled_from([CITY, KECHENG, QUJIANG, SHILIANG, VILLAGE])
KIND = st.sampled_from(list(Kind))
LIKELY = st.one_of(st.sampled_from([Kind.AWARDED, Kind.CONTRACTED, Kind.CLAIMED, Kind.PAID, Kind.RETAINED]), KIND)
PURSE = st.one_of(st.sampled_from([Kind.AVAILABLE, Kind.CASH, Kind.ISSUING]), KIND)
HOLDER = st.sampled_from([CITY, KECHENG])
COMMAND = st.one_of(
    st.tuples(st.just("move"), LIKELY, LIKELY, FEN),
    st.tuples(st.just("shift"), HOLDER, PLACE, PURSE, PURSE, FEN, st.booleans()),
    st.tuples(st.just("pass_down"), HOLDER, PLACE, FEN, FEN, FEN),
    st.tuples(st.just("free"), PLACE, FEN),
    st.tuples(st.just("earn"), PLACE, FEN),
    st.tuples(st.just("award"), HOLDER, FEN, st.booleans()),
    st.tuples(st.just("reverse"), st.integers(0, 12)),
    st.tuples(st.just("follow"), PLACE, PLACE),
    st.tuples(st.just("lines"), st.lists(st.tuples(PLACE, KIND, st.integers(-60, 60), st.booleans()), max_size=4)),
)


class House:
    """One booked batch with bound money, one project that fits it, and commands by number."""

    def __init__(self, tx, batch: int, earmark: int, project: int) -> None:
        self.tx, self.batch, self.earmark, self.project = tx, batch, earmark, project
        self.done: list[str] = []

    async def run(self, command: tuple) -> str:
        """Run one command in a savepoint. Gives "ok" or the refusal."""
        key = f"step:{len(self.done)}"
        self.done.append(key)
        try:
            async with self.tx.conn.transaction():
                await getattr(self, command[0])(key, *command[1:])
        except Refused as refused:
            return refused.code
        except asyncpg.IntegrityConstraintViolationError as broken:
            return broken.constraint_name or "?"
        return "ok"

    async def move(self, key, src, dst, fen) -> None:
        await ledger.move(self.tx, key, self.project, src, dst, fen, source=SOURCE)

    async def shift(self, key, place, to, src, dst, fen, bound) -> None:  # noqa: PLR0913 - a command's parts
        mark = self.earmark if bound else 0
        await ledger.shift(self.tx, key, place, src, dst, fen, source=SOURCE, to=to, earmark=mark)

    async def pass_down(self, key, giver, to, *amounts) -> None:
        cash, project, bound = amounts
        share = Share(to, cash, project, self.earmark, bound)
        await ledger.pass_down(self.tx, key, self.batch, giver, [share], source=SOURCE)

    async def free(self, key, place, fen) -> None:
        await ledger.free(self.tx, key, self.project, place, fen, source=SOURCE)

    async def earn(self, key, place, fen) -> None:
        await ledger.earn(self.tx, key, self.batch, place, fen, source=SOURCE)

    async def award(self, key, place, fen, bound) -> None:
        kind, mark = (Kind.EARMARKED, self.earmark) if bound else (Kind.AVAILABLE, 0)
        lines = [Line(self.batch, place, kind, -fen, None, mark)]
        lines.append(Line(self.batch, VILLAGE, Kind.AWARDED, fen, self.project, mark))
        await ledger.post(self.tx, key, lines, source=SOURCE)

    async def reverse(self, key, n) -> None:
        await ledger.reverse(self.tx, self.done[n] if n < len(self.done) else key, source=SOURCE)

    async def follow(self, key, old, new) -> None:
        await ledger.follow(self.tx, key, old, new, source=SOURCE)

    async def lines(self, key, rows) -> None:
        """Post any lines at all, balanced or not, straight at the ledger."""
        made = [Line(self.batch, p, k, fen, None, self.earmark if bound else 0) for p, k, fen, bound in rows]
        await ledger.post(self.tx, key, made, source=SOURCE)


async def faults(tx) -> list[str]:
    """What an auditor would look for, by SQL that knows nothing of the ledger's code."""
    found = await queries.ledger_faults(tx.conn) + await sum_faults(tx.conn)
    for sql in (
        (
            "SELECT event_key || batch || earmark FROM allocation_entry GROUP BY event_key, batch, earmark"
            " HAVING sum(amount_fen) <> 0"
        ),
        (
            "SELECT division_code || kind FROM allocation_entry GROUP BY division_code, batch, project, kind, earmark"
            " HAVING CASE WHEN kind IN ('notified', 'interest') THEN sum(amount_fen) > 0 ELSE sum(amount_fen) < 0 END"
        ),
        "SELECT event_key FROM allocation_entry GROUP BY event_key, line HAVING count(*) > 1",
        "SELECT earmark::text FROM allocation_entry GROUP BY earmark HAVING sum(amount_fen) <> 0",
    ):
        found += [r[0] for r in await tx.conn.fetch(sql)]
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMAND, min_size=1, max_size=12))
async def test_any_sequence_of_commands_leaves_the_ledger_balanced_and_non_negative(tx_as, commands) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        project = await a_project(tx, category="ecology")
        batch = await service.draft_batch(tx, batch_form(cash_fen=600_00, project_fen=300, total_fen=600_00 + 300))
        mark = await earmarks.add_earmark(tx, batch, EarmarkForm("生态", 100, "ecology"))
        await book(tx, batch)
        house = House(tx, batch, mark, project)
        started = [("pass_down", CITY, KECHENG, 600_00, 150, 60), ("award", KECHENG, 90, False)]
        assert [await house.run(command) for command in [*started, ("award", KECHENG, 40, True)]] == ["ok"] * 3
        for command in commands:
            await house.run(command)
        assert await faults(tx) == []


RAW = "INSERT INTO allocation_entry (event_key, line, division_code, batch, project, kind, earmark, amount_fen, source_table, source_id, posted_at) VALUES "  # noqa: E501 - one statement


@pytest.mark.parametrize(
    ("rows", "constraint"),
    [
        ("('x', 0, '{city}', {batch}, NULL, 'available', 0, 5, 'x', 1, now())", "allocation_entry_balanced"),
        (
            (
                "('x', 0, '{city}', {batch}, NULL, 'available', 0, -700, 'x', 1, now()),"
                " ('x', 1, '{city}', {batch}, NULL, 'returned', 0, 700, 'x', 1, now())"
            ),
            "allocation_balance_sign",
        ),
        (
            (
                "('batch:{batch}', 0, '{city}', {batch}, NULL, 'available', 0, -1, 'x', 1, now()),"
                " ('batch:{batch}', 1, '{city}', {batch}, NULL, 'returned', 0, 1, 'x', 1, now())"
            ),
            "allocation_entry_once",
        ),
        (
            (
                "('batch:{batch}', 90, '{city}', {batch}, NULL, 'available', 0, -1, 'x', 1, now()),"
                " ('batch:{batch}', 91, '{city}', {batch}, NULL, 'returned', 0, 1, 'x', 1, now())"
            ),
            "allocation_entry_balanced",
        ),
        (
            (
                "('x', 0, '{city}', {batch}, NULL, 'notified', 0, 700, 'x', 1, now()),"
                " ('x', 1, '{city}', {batch}, NULL, 'interest', 0, -700, 'x', 1, now())"
            ),
            "allocation_balance_sign",
        ),
        (
            (
                "('x', 0, '{city}', {batch}, NULL, 'earmarked', 0, 1, 'x', 1, now()),"
                " ('x', 1, '{city}', {batch}, NULL, 'available', 0, -1, 'x', 1, now())"
            ),
            "allocation_entry_bound_kind",
        ),
        (
            (
                "('x', 0, '{city}', {batch}, NULL, 'notified', 987654, -1, 'x', 1, now()),"
                " ('x', 1, '{city}', {batch}, NULL, 'earmarked', 987654, 1, 'x', 1, now())"
            ),
            "allocation_entry_earmark_kept",
        ),
        (
            (
                "('x', 0, '{city}', {batch}, NULL, 'pocket', 0, 1, 'x', 1, now()),"
                " ('x', 1, '{city}', {batch}, NULL, 'available', 0, -1, 'x', 1, now())"
            ),
            "allocation_entry_kind_listed",
        ),
    ],
    ids=["unbalanced", "below-zero", "twice", "added-to", "out-of-nothing", "unbound", "no-such-mark", "pocket"],
)
async def test_raw_sql_meets_the_same_walls(tx_as, rows, constraint) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, batch_form(cash_fen=0, project_fen=600, total_fen=600))
        await book(tx, batch)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            async with tx.conn.transaction():
                await tx.conn.execute(RAW + rows.format(city=CITY, batch=batch))
        assert broken.value.constraint_name == constraint
        assert await faults(tx) == []


async def test_helpers_keep_people_money_projects_and_returns_apart(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        project = await a_project(tx)
        batch = await service.draft_batch(tx, batch_form(cash_fen=1_200_00, project_fen=500, total_fen=1_200_00 + 500))
        await book(tx, batch)
        shares = [Share(KECHENG, 1_200_00, 500)]
        await ledger.pass_down(tx, "split:0", batch, CITY, shares, source=("allocation_split", 0))
        drawn = await ledger.shift(tx, "list:1", KECHENG, Kind.CASH, Kind.ISSUING, 1_200_00, source=SOURCE)
        assert drawn == [(batch, 1_200_00)]
        await ledger.shift(tx, "bank:1", KECHENG, Kind.ISSUING, Kind.ISSUED, 600_00, source=SOURCE)
        await ledger.shift(tx, "bank:2", KECHENG, Kind.ISSUING, Kind.CASH, 600_00, source=SOURCE)
        await ledger.earn(tx, "interest:1", batch, KECHENG, 7, source=SOURCE)
        await ledger.shift(tx, "due:1", KECHENG, Kind.AVAILABLE, Kind.AVAILABLE, 100, source=SOURCE, to=CITY)
        await ledger.shift(tx, "due:2", CITY, Kind.AVAILABLE, Kind.RETURNED, 100, source=SOURCE)
        lines = [Line(batch, KECHENG, Kind.AVAILABLE, -400), Line(batch, VILLAGE, Kind.RETAINED, 400, project)]
        await ledger.post(tx, "award:0", lines, source=("allocation_award", 0))
        await ledger.release(tx, "release:1", project, 400, source=SOURCE)
        await ledger.move(tx, "pay:1", project, Kind.CLAIMED, Kind.PAID, 300, source=SOURCE)
        assert await ledger.settle(tx, "settle:1", project, source=SOURCE) == 300
        assert await ledger.project_money(tx, project) == {Kind.CLAIMED: 100, Kind.SETTLED: 300}
        lies = {f.kind: f.fen for line in await overview.balances(tx, "batch", batch_id=batch) for f in line.figures}
        assert {k.value: v for k, v in lies.items() if v} == {
            "notified": 1_200_00 + 500, "interest": 7, "cash": 600_00, "issued": 600_00, "available": 7,
            "awarded": 400, "contracted": 400, "claimed": 400, "paid": 300, "returned": 100,
        }  # fmt: skip
        assert await faults(tx) == []
