"""Rules of the whole application: contents and their price, the designer, shares, villages, resolutions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from project_house import cases

from projects.assets.pages import owners_of
from projects.intake.answers import (
    AnswerRules,
    check_benefit,
    check_contents,
    check_design,
    check_villages,
    item_fen,
    resolutions_needed,
)
from projects.intake.forms import SECTIONS, PartnerRow
from projects.rules import Bound
from quzhou_migrants.web.forms import read_raw

RULES = AnswerRules(Bound(50_000_000, "娄星区办法", confirmed=False), "使用范围")
BASE = {
    "works": {"content": "修复灌溉渠道一千二百米", "estimate_fen": "1000", "asked_fen": "1000", "items.0.name": "渠道",
              "items.0.quantity": "1", "items.0.unit": "米"},
    "benefit": {"beneficiaries": "30", "migrants": "20", "goals": "改善灌溉面积三百亩以上", "asset_owner": "村",
                "caretaker": "村", "targets.0.name": "面积", "targets.0.operator": "ge", "targets.0.value": "1",
                "targets.0.unit": "亩"},
    "readiness": {"land": "free", "ecology": "free"},
}  # fmt: skip


def read(section, typed):
    return read_raw({k: [v] for k, v in {**BASE[section], **typed}.items()}, SECTIONS[section]).value


@pytest.mark.parametrize("case", cases("answers"), ids=lambda c: c["name"])
def test_answers_match_worked_cases(case):
    given = case["given"]
    if case["rule"] == "contents":
        found = [line.code for line in check_contents(read("works", given), RULES) if not line.holds]
    elif case["rule"] == "design":
        lines = check_design(read("readiness", given), case["estimate_fen"], RULES)
        found = [line.code for line in lines if not line.holds]
    else:
        found = [p.code for p in check_benefit(read("benefit", given))]
    assert found == case["codes"]


@pytest.mark.parametrize(("quantity", "price", "fen"), [("1200", 38_000, 45_600_000), ("0.5", 1, 1), ("0.499", 1, 0)])
def test_a_line_is_rounded_once_half_up(quantity, price, fen):
    assert item_fen(Decimal(quantity), price) == fen


def test_partners_are_villages_of_the_county_and_not_the_village_itself():
    known = {"廿里镇白马新村": "330803112229", "廿里镇邻村": "330803112230"}
    rows = [PartnerRow("廿里镇邻村", 2000), PartnerRow("廿里镇白马新村", 2000), PartnerRow("别处村", 2000)]
    found = check_villages(rows, known, "330803112229")
    assert [(p.code, p.field) for p in found] == [
        ("PRJ-172", "partners.2.village"),
        ("PRJ-173", "partners.1.village"),
    ]


def test_a_joint_projects_cost_is_shared_out_to_the_last_fen():
    partners = [{"name": "甲村", "share_bp": 3333}, {"name": "乙村", "share_bp": 6667}]
    assert [o["invested_fen"] for o in owners_of({"asset_owner": "甲"}, 100, partners)] == [33, 67]
    assert owners_of({"asset_owner": "甲"}, 100, []) == [{"owner": "甲", "invested_fen": 100}]


def test_every_village_of_a_joint_project_brings_its_resolution():
    assert resolutions_needed(0, 0) == []
    assert resolutions_needed(2, 3) == []
    assert [(p.code, p.facts) for p in resolutions_needed(2, 2)] == [("PRJ-174", {"need": 3, "have": 2})]
