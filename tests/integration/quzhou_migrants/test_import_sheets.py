"""A sheet on its way in: every slip at its place, whole households or none, safe to repeat, resumable."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import begin, system_tx
from quzhou_migrants.kernel.xlsx import Book, Column
from quzhou_migrants.register import import_service, import_work
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.columns import COLUMNS
from quzhou_migrants.register.import_upload import KnownFileError, Received, receive
from quzhou_migrants.register.words import Mode, Relation

KECHENG, QUJIANG = "330802000000", "330803000000"
VILLAGE, BAIMA = "330802100201", "330803112229"
Row = dict[str, str]


def clerk(division: str = KECHENG) -> Actor:
    """A county clerk of the demonstration."""
    return Actor(7, "赵演示", Role.COUNTY_CLERK, 1, "演示局", division, 7, None, permissions_of(Role.COUNTY_CLERK),
                 "演示局经办", is_demo=True)  # fmt: skip


def work(actor: Actor | None = None) -> Any:
    """One committed transaction of a clerk."""
    return begin(actor or clerk(), request_id=uuid4().hex[:12], command="test")


@pytest.fixture
def row(ids) -> Callable[..., Row]:
    """`row(household_code="T-1", name=…)`: a right row but for what is given."""
    from datetime import date  # noqa: PLC0415 - the factory's own

    def make(**cells: str) -> Row:
        given = {
            "household_code": f"H-{uuid4().hex[:8]}", "village_code": VILLAGE, "name": "王小明", "relation": "户主",
            "resident_id": ids.next(date(1970, 1, 1), "male"), "support": "直补到人",
        }  # fmt: skip
        return {**given, **cells}

    return make


def sheet(path: Path, rows: list[Row], *extra: str) -> Received:
    """A sheet with the template's headings."""
    with Book(path) as book:
        table = book.table("登记", [Column(c.title) for c in COLUMNS] + [Column(title) for title in extra])
        for cells in rows:
            table.add([*(cells.get(c.key, "") for c in COLUMNS), *(cells.get(title, "") for title in extra)])
    data = path.read_bytes()
    return Received(path, "名册.xlsx", hashlib.sha256(data).hexdigest(), len(data))


async def brought(tmp_path: Path, rows: list[Row], actor: Actor | None = None) -> int:
    """Upload and check a sheet."""
    async with work(actor) as tx:
        import_id = await receive(tx, sheet(tmp_path / f"{uuid4().hex}.xlsx", rows))
    await import_work.run(import_id)
    return import_id


async def applied(import_id: int, mode: Mode, actor: Actor | None = None) -> str:
    """Decide and write; answer the state."""
    async with work(actor) as tx:
        await import_service.apply(tx, import_id, mode)
    await import_work.run(import_id)
    async with work(actor) as tx:
        return str((await import_service.load(tx, import_id))["state"])


async def findings(import_id: int) -> list[tuple[int, str, str]]:
    """Row, column, code of everything found."""
    async with system_tx("test") as tx:
        rows = await tx.conn.fetch(
            "SELECT row_no, column_key, code FROM register_import_finding WHERE import_id = $1 ORDER BY row_no, id",
            import_id,
        )
    return [tuple(r) for r in rows]


async def counts(import_id: int) -> dict[str, int]:
    """The figures of an import."""
    async with work() as tx:
        found = await import_service.load(tx, import_id)
    return {k: found[k] for k in ("rows_total", "rows_bad", "households_new", "households_update", "households_same",
                                  "households_bad")}  # fmt: skip


async def registered() -> list[tuple[Any, ...]]:
    """The register: code, head, people, low income."""
    async with system_tx("test") as tx:
        rows = await tx.conn.fetch("SELECT code, head_name, members, low_income FROM register_household ORDER BY code")
    return [tuple(r) for r in rows]


async def test_a_right_sheet_is_brought_in_whole(db, tmp_path, row) -> None:
    wife = row(household_code="T-1", name="李芳", relation="配偶", support="")
    import_id = await brought(tmp_path, [row(household_code="T-1", low_income="是"), wife, row(household_code="T-2")])
    assert await findings(import_id) == []
    assert await registered() == []
    assert await applied(import_id, Mode.ALL) == "applied"
    assert await registered() == [("T-1", "王小明", 2, True), ("T-2", "王小明", 1, False)]


async def test_every_slip_is_told_at_its_row_and_column(db, tmp_path, row) -> None:
    same = row(household_code="T-3")
    rows = [
        row(resident_id="330802199001011000"),
        row(village_code=BAIMA, name=""),
        same,
        row(resident_id=same["resident_id"]),
        row(relation="配偶", support=""),
    ]
    import_id = await brought(tmp_path, rows)
    assert await findings(import_id) == [
        (2, "resident_id", "KRN-617"),
        (3, "village_code", "REG-114"), (3, "name", "REG-110"),
        (4, "resident_id", "REG-130"),
        (5, "resident_id", "REG-130"),
        (6, "relation", "REG-120"),
    ]  # fmt: skip
    assert await counts(import_id) == {"rows_total": 5, "rows_bad": 5, "households_new": 0, "households_update": 0,
                                       "households_same": 0, "households_bad": 5}  # fmt: skip


async def test_all_or_nothing_refuses_and_valid_only_takes_the_rest(db, tmp_path, row) -> None:
    import_id = await brought(tmp_path, [row(household_code="T-1"), row(household_code="T-2", name="")])
    with pytest.raises(Refused) as caught:
        await applied(import_id, Mode.ALL)
    assert (caught.value.code, await registered()) == ("REG-214", [])
    assert await applied(import_id, Mode.VALID) == "applied"
    assert await registered() == [("T-1", "王小明", 1, False)]


async def test_nothing_right_is_nothing_to_bring_in(db, tmp_path, row) -> None:
    import_id = await brought(tmp_path, [row(name="")])
    with pytest.raises(Refused) as caught:
        await applied(import_id, Mode.VALID)
    assert caught.value.code == "REG-215"


async def test_the_same_file_is_not_brought_in_twice(db, tmp_path, row) -> None:
    file = sheet(tmp_path / "a.xlsx", [row()])
    async with work() as tx:
        import_id = await receive(tx, file)
    with pytest.raises(KnownFileError):
        async with work() as tx:
            await receive(tx, file)
    await import_work.run(import_id)
    await applied(import_id, Mode.ALL)
    with pytest.raises(Refused) as caught:
        async with work() as tx:
            await receive(tx, file)
    assert caught.value.code == "REG-105"


async def test_the_same_households_in_a_new_file_change_nothing(db, tmp_path, row) -> None:
    rows = [row(household_code="T-1", bank_account="6228480402564890018", phone="13800000000", moved_year="1979")]
    await applied(await brought(tmp_path, rows), Mode.ALL)
    again = await brought(tmp_path, [*rows, row(household_code="T-2")])
    assert (await counts(again))["households_same"] == 1
    await applied(again, Mode.ALL)
    async with system_tx("test") as tx:
        versions = await tx.conn.fetch("SELECT code, version FROM register_household ORDER BY code")
    assert [tuple(v) for v in versions] == [("T-1", 1), ("T-2", 1)]


async def test_a_known_household_is_updated_and_nobody_is_lost(db, tmp_path, row) -> None:
    head, wife = row(household_code="T-1"), row(household_code="T-1", name="李芳", relation="配偶", support="")
    await applied(await brought(tmp_path, [head, wife]), Mode.ALL)
    son = row(household_code="T-1", name="王新", relation="子女", support="")
    again = await brought(tmp_path, [{**head, "low_income": "是", "support": ""} | {"support": "项目扶持"}, son])
    assert [code for _, _, code in await findings(again)] == ["REG-140", "REG-141"]
    assert await applied(again, Mode.ALL) == "applied"
    assert await registered() == [("T-1", "王小明", 3, True)]


async def test_a_new_head_takes_over(db, tmp_path, row) -> None:
    head, wife = row(household_code="T-1"), row(household_code="T-1", name="李芳", relation="配偶", support="")
    await applied(await brought(tmp_path, [head, wife]), Mode.ALL)
    again = await brought(tmp_path, [{**wife, "relation": "户主", "support": "直补到人"}])
    assert await applied(again, Mode.ALL) == "applied"
    async with system_tx("test") as tx:
        people = await tx.conn.fetch("SELECT name, relation FROM register_member ORDER BY name")
    assert {tuple(p) for p in people} == {("李芳", Relation.HEAD), ("王小明", Relation.OTHER)}
    assert await registered() == [("T-1", "李芳", 2, False)]


async def test_a_person_of_another_household_is_refused_with_its_place(db, tmp_path, row) -> None:
    first = row(household_code="T-1")
    await applied(await brought(tmp_path, [first]), Mode.ALL)
    import_id = await brought(tmp_path, [row(household_code="T-2", resident_id=first["resident_id"])])
    assert await findings(import_id) == [(2, "resident_id", "REG-131")]


async def test_a_person_of_another_county_is_refused_with_the_county_only(db, tmp_path, row, make_house) -> None:
    house = make_house(village=BAIMA, code="Q-1")
    async with work(clerk(QUJIANG)) as tx:
        await copy_households(tx.conn, [house])
    rows = [row(resident_id=house.head.resident_id), row(household_code="Q-1")]
    import_id = await brought(tmp_path, rows)
    assert {code for _, _, code in await findings(import_id)} == {"REG-132", "REG-133"}
    async with system_tx("test") as tx:
        facts = await tx.conn.fetch("SELECT DISTINCT facts::text FROM register_import_finding")
    assert [f[0] for f in facts] == ['{"county": "衢江区"}']


async def test_what_went_wrong_in_between_stops_all_or_nothing(db, tmp_path, row, make_house, make_person) -> None:
    first, second = row(household_code="T-1"), row(household_code="T-2")
    import_id = await brought(tmp_path, [first, second])
    async with work() as tx:
        taken = make_person("别人", resident_id=second["resident_id"])
        await copy_households(tx.conn, [make_house(code="T-9", people=(taken,))])
    assert await applied(import_id, Mode.ALL) == "checked"
    assert [code for code, *_ in await registered()] == ["T-9"]
    assert [code for _, _, code in await findings(import_id)] == ["REG-131"]


async def test_what_is_told_after_writing_is_what_was_written(db, tmp_path, row) -> None:
    twice, moved, new = row(household_code="T-1"), row(household_code="T-2"), row(household_code="T-3")
    late = await brought(tmp_path, [twice, moved, new])
    assert (await counts(late))["households_new"] == 3
    early = await brought(tmp_path, [twice, {**moved, "household_code": "T-9"}])
    assert await applied(early, Mode.ALL) == "applied"
    assert await applied(late, Mode.VALID) == "applied"
    assert await counts(late) == {"rows_total": 3, "rows_bad": 1, "households_new": 1, "households_update": 0,
                                  "households_same": 1, "households_bad": 1}  # fmt: skip
    assert await findings(late) == [(3, "resident_id", "REG-131")]


async def test_checking_goes_on_where_it_stopped(db, tmp_path, row, monkeypatch) -> None:
    rows = [row(household_code=f"T-{n:05d}") for n in range(4_500)]
    monkeypatch.setattr(import_work, "CHUNKS", 1)
    async with work() as tx:
        import_id = await receive(tx, sheet(tmp_path / "a.xlsx", rows))
    assert await import_work.step(import_id) is True
    async with system_tx("test") as tx:
        await tx.conn.execute("UPDATE register_import_progress SET touched_at = now() - interval '1 hour'")
        await import_work.resume(tx, "")
    await asyncio.gather(*import_work._TASKS)
    assert (await counts(import_id))["households_new"] == 4_500


async def test_two_workers_write_a_sheet_once(db, tmp_path, row) -> None:
    import_id = await brought(tmp_path, [row(household_code=f"T-{n}") for n in range(50)])
    async with work() as tx:
        await import_service.apply(tx, import_id, Mode.ALL)
    await asyncio.gather(*(import_work.run(import_id) for _ in range(4)))
    assert len(await registered()) == 50


async def test_a_code_shared_by_a_crowd_is_told_on_every_row(db, tmp_path, row) -> None:
    import_id = await brought(tmp_path, [row(household_code="330802100201") for _ in range(70)])
    assert {code for _, _, code in await findings(import_id)} == {"REG-124"}
    assert (await counts(import_id))["rows_bad"] == 70


async def test_a_discarded_sheet_leaves_nothing(db, tmp_path, row) -> None:
    import_id = await brought(tmp_path, [row()])
    async with work() as tx:
        await import_service.discard(tx, import_id)
        assert await tx.conn.fetchval("SELECT count(*) FROM register_import_row") == 0
    assert await registered() == []


@pytest.mark.parametrize(
    ("content", "code"),
    [("户编号,姓名\nT-1,王\n", "REG-101"), ("", "REG-103"), ("\n\n", "REG-103"),
     ("户编号,姓名,成员姓名,村代码,关系,身份证号\n", "REG-102"),
     ("户编号,姓名,村代码,关系,身份证号\n,,,,\n", "REG-103")],
    ids=["headings missing", "empty", "blank", "heading twice", "no rows"],
)  # fmt: skip
async def test_a_sheet_without_its_headings_or_rows_is_refused(db, tmp_path, content: str, code: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, "gb18030")
    with pytest.raises(Refused) as caught:
        async with work() as tx:
            await receive(tx, Received(path, "a.csv", "0" * 64, 1))
    assert caught.value.code == code


async def test_no_plain_number_is_kept_of_a_sheet(db, tmp_path, row) -> None:
    cells = row()
    import_id = await brought(tmp_path, [cells, row(resident_id="110105194912310021")])
    await applied(import_id, Mode.VALID)
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await owner.execute("SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false)")
    for (table,) in tables:
        text = await owner.fetchval(f"SELECT string_agg(t::text, ' ') FROM \"{table}\" t") or ""
        assert cells["resident_id"] not in text, table
        assert "110105194912310021" not in text, table
    await owner.close()


async def test_every_code_the_register_tells_has_a_sentence() -> None:
    from quzhou_migrants.register import import_check, import_upload, rules  # noqa: PLC0415 - read as text

    modules = (rules, import_check, import_upload, import_service)
    text = "".join(Path(str(m.__file__)).read_text("utf-8") for m in modules)
    told = {part[:7] for part in text.split('"') if part.startswith("REG-")}
    assert {code for code in told if CATALOGUE.messages.get(code) is None} == set()
