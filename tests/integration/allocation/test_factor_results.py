"""Performance results of the last year: brought in from a sheet, confirmed by another hand, shared out by."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from fractions import Fraction

import openpyxl
import pytest
from factor_house import GRADES
from house import CITY, KECHENG, NOW, QUJIANG, actor, become
from money_house import a_scheme, batch_form, book

from allocation.budget import service as funds
from allocation.factor import data_service, queries, result_queries, result_service, service
from allocation.factor.catalogue import default_scheme
from allocation.factor.forms import ResultForm, RunForm, ValueRow
from allocation.factor.notice_panels import waiting
from allocation.factor.offers import OFFERS
from allocation.factor.result_sheet import Line
from allocation.factor.scheme import Form, Part, Scheme
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEADER = actor(Role.CITY_LEADER, CITY)
PAPER = ResultForm(2025, "衢移〔2026〕3号", date(2026, 2, 20))
LINES = [Line(KECHENG, "88.5", "良", 2), Line(QUJIANG, "92", "优", 3)]


async def confirmed(tx: Tx, form: ResultForm = PAPER, lines: list[Line] = LINES) -> int:
    sheet = await result_service.bring_results(tx, form, lines)
    async with become(tx, LEADER):
        await result_service.confirm_results(tx, sheet)
    return sheet


async def a_run(tx: Tx, scheme: Scheme | None = None) -> int:
    batch = await funds.draft_batch(tx, batch_form())
    await book(tx, batch)
    return await service.draft_run(tx, RunForm(batch, await a_scheme(tx, scheme), "2026年分配", 1_000_000_00))


async def test_base_and_performance_shares_come_from_confirmed_results(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        row = await queries.run(tx, run)
        draft = await result_service.bring_results(tx, PAPER, LINES)
        assert "score" not in await data_service.offered(tx, row)
        async with become(tx, LEADER):
            assert [t.url for t in await waiting(tx)] == [f"/factor/results/{draft}"]
            await result_service.confirm_results(tx, draft)
        given = (await data_service.offered(tx, row))["score"]
        assert given.values == {KECHENG: "88.5", QUJIANG: "92"}
        assert (given.source, given.as_of) == ("衢移〔2026〕3号（2025年度绩效结果）", PAPER.as_of)
        await data_service.take_offered(tx, run)
        pairs = {"migrants": ("3000", "9000"), "fiscal": ("20000", "10000")}
        rows = [ValueRow(f, u, v) for f, pair in pairs.items() for u, v in zip((KECHENG, QUJIANG), pair, strict=True)]
        await data_service.save_values(tx, run, rows, "年报", date(2025, 12, 31))
        await service.freeze_run(tx, run, "以年报为准")
        async with become(tx, LEADER):
            await service.approve_run(tx, run)
        shares = {s["division_code"]: s for s in await queries.shares(tx, run)}
        whole = Fraction(885 * 3000, 885 * 3000 + 920 * 9000) * 150_000_00
        assert abs(shares[KECHENG]["performance_fen"] - whole) < 1
        assert sum(s["performance_fen"] for s in shares.values()) == 150_000_00
        assert sum(s["base_fen"] for s in shares.values()) == 850_000_00


async def test_a_scheme_by_names_of_grades_is_offered_grades_and_one_by_scores_scores(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await confirmed(tx)
        plain = default_scheme(tx.policy, "等次方案")
        found = []
        for grades in (GRADES, tuple(replace(g, least="") for g in GRADES)):
            score = replace(plain.factor("score"), form=Form.GRADE, grades=grades)
            scheme = replace(plain, factors=(*plain.part(Part.BASE), score))
            run = await a_run_of(tx, scheme)
            found.append((await data_service.offered(tx, run))["score"].values)
        assert found == [{KECHENG: "88.5", QUJIANG: "92"}, {KECHENG: "良", QUJIANG: "优"}]


async def a_run_of(tx: Tx, scheme: Scheme) -> dict[str, object]:
    number = await tx.conn.fetchval("SELECT count(*) FROM allocation_batch")
    batch = await funds.draft_batch(tx, batch_form(doc_no=f"浙财农〔2026〕{90 + number}号"))
    await book(tx, batch)
    run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx, scheme), "2026年分配", 1_000_000_00))
    return await queries.run(tx, run)


async def test_the_newest_year_counts_and_a_corrected_sheet_takes_the_place_of_the_first(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        first = await confirmed(tx)
        await confirmed(tx, ResultForm(2024, "衢移〔2025〕2号", date(2025, 2, 1)), [Line(KECHENG, "60", "")])
        second = await confirmed(tx, PAPER, [Line(KECHENG, "90", "优"), LINES[1]])
        states = {n: (await result_queries.sheet(tx, n))["state"] for n in (first, second)}
        assert states == {first: "superseded", second: "confirmed"}
        given = await OFFERS["performance"](tx, [KECHENG, QUJIANG])
        assert given is not None
        assert given.values == {KECHENG: "90", QUJIANG: "92"}
        lines = await result_queries.lines(tx, await result_queries.sheet(tx, second))
        assert [(line["code"], line["score_before"]) for line in lines] == [(KECHENG, "60"), (QUJIANG, None)]
        async with become(tx, LEADER):
            await result_service.withdraw_results(tx, second, "评价结果更正")
        given = await OFFERS["performance"](tx, [KECHENG, QUJIANG])
        assert given is not None
        assert given.values == {KECHENG: "60"}


async def test_each_county_reads_its_own_result_alone_and_nothing_before_it_is_confirmed(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        sheet = await result_service.bring_results(tx, PAPER, LINES)
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
            with pytest.raises(Refused) as unseen:
                await result_queries.sheet(tx, sheet)
            assert unseen.value.code == "KRN-404"
        async with become(tx, LEADER):
            await result_service.confirm_results(tx, sheet)
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
            row = await result_queries.sheet(tx, sheet)
            assert [(line["code"], line["score"]) for line in await result_queries.lines(tx, row)] == [
                (KECHENG, "88.5")
            ]
            with pytest.raises(Refused) as foreign:
                await result_service.discard_results(tx, sheet, "改")
            assert foreign.value.code == "KRN-404"


async def test_who_brought_results_in_does_not_confirm_them(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        sheet = await result_service.bring_results(tx, PAPER, LINES)
        async with become(tx, replace(LEADER, user_id=tx.actor.user_id)):
            with pytest.raises(Refused) as same:
                await result_service.confirm_results(tx, sheet)
        assert same.value.code == "ALC-250"


FAULTS = [
    ([], ["ALC-265"]),
    ([Line("330899000000", "90", "", 2)], ["ALC-257"]),
    ([LINES[0], Line(KECHENG, "70", "", 3)], ["ALC-258"]),
    ([Line(KECHENG, "100.01", "", 2), Line(QUJIANG, "八十", "", 3)], ["ALC-266", "ALC-266"]),
    ([Line(KECHENG, "", "优" * 21, 2)], ["ALC-268"]),
]


@pytest.mark.parametrize(("lines", "codes"), FAULTS, ids=lambda v: "-".join(v) if v and isinstance(v[0], str) else "")
async def test_a_sheet_with_a_fault_is_not_taken_over(tx_as, lines, codes) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        with pytest.raises(Invalid) as refusal:
            await result_service.bring_results(tx, PAPER, lines)
        assert [p.code for p in refusal.value.problems] == codes


async def test_results_of_a_year_or_paper_still_to_come_are_refused(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        for form, code in (
            (replace_form(year=tx.today.year), "ALC-267"),
            (replace_form(as_of=date(2027, 1, 1)), "ALC-246"),
        ):
            with pytest.raises(Refused) as refusal:
                await result_service.bring_results(tx, form, LINES)
            assert refusal.value.code == code


def replace_form(**changes: object) -> ResultForm:
    return ResultForm(**{"year": PAPER.year, "source": PAPER.source, "as_of": PAPER.as_of, **changes})


async def test_a_filled_sheet_goes_in_through_the_page(client_as) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        blank = openpyxl.load_workbook(io.BytesIO((await http.get("/factor/results/blank.xlsx")).content))
        sheet = blank.active
        assert [c.value for c in sheet[1]] == ["区划代码", "单位", "得分", "等次"]
        sheet.cell(2, 3).value, sheet.cell(3, 3).value, sheet.cell(3, 4).value = 101, 92.5, "优"
        for score, said in ((101, "ALC-266"), (88, "")):
            sheet.cell(2, 3).value = score
            out = io.BytesIO()
            blank.save(out)
            answer = await http.post(
                "/factor/results/new",
                data={"year": "2025", "source": "衢移〔2026〕3号", "as_of": "2026-02-20", "once": f"results-{score}"},
                files={"file": ("results.xlsx", out.getvalue())},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == (422 if said else 303)
            assert said in answer.text
        page = (await http.get(answer.headers["location"])).text
        assert "待确认" in page
        assert "92.5" in page


async def test_the_page_of_data_says_where_results_come_in_until_there_are_some(client_as) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        said = []
        async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=NOW) as tx:
            run = await a_run(tx)
        said.append("还没有经确认的绩效结果" in (await http.get(f"/factor/{run}/data")).text)
        async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=NOW) as tx:
            await confirmed(tx)
        page = (await http.get(f"/factor/{run}/data")).text
        said += ["还没有经确认的绩效结果" in page, "可取用 88.5" in page]
        assert said == [True, False, True]
