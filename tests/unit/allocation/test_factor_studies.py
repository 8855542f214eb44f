"""Studies on paper and in a spreadsheet: the same figures, every column adding up, every assumption named."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest
from factor_house import FULL, POOL, SIX, columns, inputs

from allocation.factor import studies, study_documents
from allocation.factor.causes import by_factor, decompose
from allocation.factor.frozen import Datum
from allocation.factor.studies import EFFECTS, Head, Study
from allocation.factor.whatif import case_of, changed, compare, sensitivity
from quzhou_migrants.kernel.pdf import build

NOW = inputs()
LAST = replace(
    NOW,
    title="2025年因素法分配",
    pool_fen=POOL - 3_000_000,
    data=tuple(
        Datum(f, u, v, "年报", "2024-12-31")
        for f, column in columns(migrants=("3000", "28000", "5300", "9000", "7700", "30500")).items()
        for u, v in column.items()
    ),
)


def trial() -> Study:
    case = case_of(NOW)
    after = changed(
        case, pool_fen=POOL + 100, weights_bp={"migrants": 4000, "income": 2500}, values={("people", SIX[0]): "50"}
    )
    return studies.tried(NOW, "a" * 64, case, after, compare(case, after))


def causes() -> Study:
    found = decompose(case_of(LAST), case_of(NOW))
    return studies.change(NOW, "", LAST, found, by_factor(found, case_of(LAST), case_of(NOW)))


def hangs() -> Study:
    return studies.sensitive(NOW, "", sensitivity(case_of(NOW)), {})


@pytest.mark.parametrize("made", [trial(), causes(), hangs()], ids=lambda s: s.title)
def test_sums_close_and_a_spreadsheet_holds_the_same_figures(made: Study) -> None:
    out = io.BytesIO()
    study_documents.book(out, made)
    book = openpyxl.load_workbook(out)
    for table in made.tables:
        shown = [[c.value for c in row] for row in book[table.title].iter_rows(min_row=2)]
        for n, head in enumerate(table.heads):
            own = [row[n] for row in table.rows]
            if head.kind in {"yuan", "change"}:
                assert own[-1] == sum(own[:-1])
                assert [round(row[n] * 100) for row in shown] == own
    assert build(study_documents.paper(made, "衢州市水库移民工作机构", "2026-09-16"))[:5] == b"%PDF-"


def test_a_trial_names_what_it_assumed_and_nothing_else() -> None:
    assumed = trial().tables[0]
    assert assumed.rows == (
        ("分配总额（元）", "1,034,567.89", "1,034,568.89"),
        ("“移民人口”的权重", "50%", "40%"),
        ("柯城区 总人口", "48.21", "50"),
        ("“人均收入”的权重", "15%", "25%"),
    )
    case = case_of(NOW)
    same = studies.tried(NOW, "", case, case, compare(case, case))
    assert same.tables[0].rows == (("没有改动", "", ""),)
    assert ("输入校验值 SHA-256", "数据尚未冻结") in same.facts
    other = studies.tried(NOW, "", case, case, compare(case, case), plan="新方案（第2版）")
    assert other.tables[0].rows == (("分配方案", FULL.title, "新方案（第2版）"),)


def test_causes_of_each_unit_add_up_to_its_change() -> None:
    table, parted = causes().tables
    for row in table.rows:
        assert sum(row[4:]) == row[3] == row[2] - row[1]
    weight, data = (4 + EFFECTS.index(name) for name in ("weight", "data"))
    for whole, row in zip(table.rows, parted.rows, strict=True):
        assert (sum(row[1::2]), sum(row[2::2])) == (whole[weight], whole[data])


def test_sensitivity_columns_sum_to_nothing_and_a_stopped_one_is_said() -> None:
    assert set(hangs().tables[0].rows[-1][1:]) == {0}
    said = studies.sensitive(NOW, "", sensitivity(case_of(NOW)), {"grade": "各单位下限合计需要更多"}).tables[0]
    assert len(said.heads) == len(hangs().tables[0].heads) - 1
    assert said.notes == ("绩效等次：各单位下限合计需要更多",)


def test_a_broad_table_goes_on_below_with_its_rows_named() -> None:
    table = replace(hangs().tables[0], heads=(Head("单位", "text"), *(Head(str(n)) for n in range(20))),
                    rows=tuple((name, *range(20)) for name in ("甲", "乙", "合计")))  # fmt: skip
    made = replace(hangs(), tables=(table,))
    grids = [b for b in study_documents.paper(made, "x", "2026-09-16").blocks if hasattr(b, "head")]
    assert [len(g.head) for g in grids] == [10, 10, 3]
    assert {g.rows[0][0] for g in grids} == {"甲"}
    assert [h for g in grids for h in g.head[1:]] == [str(n) for n in range(20)]
