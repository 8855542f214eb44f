"""Policy packs: dated values, layers, limits, and a loader that names every mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import quzhou_migrants.policy
from quzhou_migrants.kernel.clock import is_working_day
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.policy import Packs
from quzhou_migrants.kernel.policy_files import PackError

PACKS = Path(quzhou_migrants.policy.__file__).parent
KECHENG, JIANGSHAN = "330802000000", "330881000000"

NATIONAL = """
[pack]
title = "全国"
prefix = ""
[allocation.payments.retention_bp]
title = "质保金比例"
unit = "basis_point"
source = "国发一号 一"
confirmed = true
"2010-01-01" = 1000
"2022-08-01" = { value = 300, max = 300, min = 100, source = "国发二号 二" }
"""
CITY = """
[pack]
title = "衢州市"
prefix = "3308"
[allocation.payments.retention_bp]
source = "市发一号 三"
confirmed = false
"2015-01-01" = 500
[projects.intake.months]
title = "月份"
unit = "list"
source = "市发一号 四"
confirmed = true
"2015-01-01" = [3, 9]
"2020-01-01" = { repealed = true, source = "市发二号 五" }
"""
COUNTY = """
[pack]
title = "柯城区"
prefix = "330802"
[allocation.payments.retention_bp]
source = "区发一号 六"
confirmed = true
"2018-01-01" = 50
"""


def packs(folder: Path, *texts: str) -> Packs:
    for number, text in enumerate(texts):
        (folder / f"pack{number}.toml").write_text(text, "utf-8")
    return Packs.load(folder)


def problems(folder: Path, *texts: str) -> list[tuple[str, str]]:
    with pytest.raises(PackError) as refusal:
        packs(folder, *texts)
    return [(problem.code, problem.field) for problem in refusal.value.problems]


def test_the_value_in_force_is_the_last_one_begun(tmp_path: Path) -> None:
    law = packs(tmp_path, NATIONAL)
    key = "allocation.payments.retention_bp"
    assert law.at(date(2022, 7, 31)).get(key) == 1000
    assert law.at(date(2022, 8, 1)).get(key) == 300
    assert law.at(date(2022, 8, 1)).param(key).clause == "二"
    assert law.at(date(2022, 7, 31)).param(key).source == "国发一号 一"


def test_the_narrowest_pack_speaks_and_inherits_title_and_unit(tmp_path: Path) -> None:
    law = packs(tmp_path, NATIONAL, CITY, COUNTY)
    key = "allocation.payments.retention_bp"
    param = law.at(date(2019, 1, 1), JIANGSHAN).param(key)
    assert (param.value, param.title, param.unit) == (500, "质保金比例", "basis_point")
    assert (param.pack, param.confirmed, param.since) == ("衢州市", False, date(2015, 1, 1))
    assert law.at(date(2019, 1, 1), KECHENG).get(key) == 50
    assert law.at(date(2017, 12, 31), KECHENG).get(key) == 500
    assert law.at(date(2019, 1, 1), "340000000000").get(key) == 1000


def test_a_value_that_breaks_a_newer_national_limit_warns_with_both_clauses(tmp_path: Path) -> None:
    law = packs(tmp_path, NATIONAL, CITY, COUNTY)
    key = "allocation.payments.retention_bp"
    assert law.at(date(2022, 7, 31), JIANGSHAN).param(key).breaches == ()
    param = law.at(date(2022, 8, 1), JIANGSHAN).param(key)
    (breach,) = param.breaches
    assert (param.value, param.source) == (500, "市发一号 三")
    assert (breach.side, breach.bound, breach.source, breach.pack) == ("max", 300, "国发二号 二", "全国")
    (limit, _, _) = law.history(key, JIANGSHAN)
    assert (limit.pack, limit.least, limit.most) == ("全国", 100, 300)
    (low,) = law.at(date(2022, 8, 1), KECHENG).breaches
    assert [breach.side for breach in low.breaches] == ["min"]


def test_a_repealed_value_is_refused_and_stays_in_the_history(tmp_path: Path) -> None:
    law = packs(tmp_path, NATIONAL, CITY)
    assert law.at(date(2019, 12, 31), JIANGSHAN).get("projects.intake.months") == (3, 9)
    with pytest.raises(Refused) as refusal:
        law.at(date(2020, 1, 1), JIANGSHAN).get("projects.intake.months")
    assert refusal.value.code == "POL-120"
    history = law.history("projects.intake.months", JIANGSHAN)
    assert [(p.since.year, p.value, p.repealed, p.source) for p in history] == [
        (2020, None, True, "市发二号 五"),
        (2015, (3, 9), False, "市发一号 四"),
    ]


def test_a_key_no_pack_declares_is_a_programming_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"projects\.intake\.colour"):
        packs(tmp_path, NATIONAL).at(date(2020, 1, 1)).get("projects.intake.colour")


def test_the_version_names_the_content(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    one, two = packs(tmp_path / "one", NATIONAL, CITY), packs(tmp_path / "two", NATIONAL, CITY)
    changed = packs(tmp_path / "three", NATIONAL, CITY.replace("= 500", "= 501"))
    assert one.version == two.version == one.at(date(2020, 1, 1)).version
    assert one.version != changed.version


PARAMETER = """
[pack]
title = "省"
prefix = "33"
[a.b.c]
title = "题"
unit = "fen"
source = "文 一"
confirmed = true
"2020-01-01" = 1
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[pack]", "[pack", ["POL-101"]),
        ("[pack]", "[pakc]", ["POL-102"]),
        ("[a.b.c]", "[a.b]", ["POL-103 [a.b]"]),
        ('title = "题"', 'titel = "题"', ["POL-104 [a.b.c]", "POL-105 [a.b.c]"]),
        ("2020-01-01", "2020-13-01", ["POL-104 [a.b.c]", "POL-109 [a.b.c]"]),
        ("= 1\n", "= { valeu = 1 }\n", ["POL-104 [a.b.c] 2020-01-01", "POL-109 [a.b.c]"]),
        ("confirmed = true", "", ["POL-105 [a.b.c]"]),
        ('"fen"', '"fens"', ["POL-106 [a.b.c]"]),
        ("= 1\n", "= 1.5\n", ["POL-108 [a.b.c] 2020-01-01"]),
        ("= 1\n", "= -1\n", ["POL-108 [a.b.c] 2020-01-01"]),
        ("= 1\n", "= true\n", ["POL-108 [a.b.c] 2020-01-01"]),
    ],
)
def test_every_mistake_of_a_pack_is_named(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    found = problems(tmp_path, PARAMETER.replace(old, new, 1))
    assert [f"{code}{field.removeprefix('pack0.toml')}" for code, field in found] == expected


def test_packs_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    narrower = PARAMETER.replace('"33"', '"3308"').replace('"fen"', '"day"')
    assert problems(tmp_path, PARAMETER, narrower) == [("POL-110", "pack1.toml [a.b.c]")]
    (tmp_path / "pack1.toml").unlink()
    twice = problems(tmp_path, PARAMETER, PARAMETER)
    assert twice == [("POL-111", "pack0.toml"), ("POL-111", "pack1.toml")]


def test_the_refusal_reads_as_a_list(tmp_path: Path) -> None:
    with pytest.raises(PackError) as refusal:
        packs(tmp_path, PARAMETER.replace('"fen"', '"fens"').replace("confirmed = true", ""))
    assert str(refusal.value).splitlines() == [
        "pack0.toml [a.b.c]: POL-105 {'name': 'confirmed'}",
        "pack0.toml [a.b.c]: POL-106 {'unit': 'fens'}",
    ]


def test_the_shipped_packs_hold_the_quzhou_rules() -> None:
    now = Packs.load(PACKS).at(date(2026, 9, 16), KECHENG)
    assert now.get("projects.intake.window_months") == (3, 9)
    assert now.get("projects.reserve.refresh_months") == (4, 10)
    assert (now.get("projects.reserve.cycle_min_years"), now.get("projects.reserve.cycle_max_years")) == (3, 5)
    rate = now.param("surveys.sampling.rate_bp")
    assert (rate.value, rate.clause, rate.confirmed, rate.room) == (500, "二(五)2", True, "surveys.sampling")
    assert now.param("surveys.sampling.least_per_stratum").confirmed is False
    with pytest.raises(Refused, match="POL-120"):
        now.get("surveys.performance.target_home_villages")
    assert is_working_day(date(2026, 10, 10), now.work_calendar) is True


def test_every_shipped_parameter_names_a_document() -> None:
    for param in Packs.load(PACKS).at(date(2026, 9, 16), KECHENG):
        assert param.source, param.key
        assert param.title, param.key
