"""Acceptance, warranty, shares, the list of papers: worked cases and properties."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import read

from projects.assets import rules
from projects.dossier import rules as dossier
from projects.rules import Bound
from quzhou_migrants.kernel.tx import installed_packs

CASES = read("acceptance")
TODAY = date(2026, 9, 16)
KNOWN = rules.AcceptanceRules(
    Bound(20_000_000, "c"),
    Bound(("quality", "accounts"), "c"),
    Bound({a: f"{a}_file" for a in rules.ASPECTS}, "c"),
    Bound(("completion_report",), "c"),
    Bound({"waterproof": 5, "pipes": 2}, "c"),
    Bound(12, "c"),
)


@pytest.mark.parametrize("case", CASES["warranty"], ids=lambda c: c["name"])
def test_warranty_ends_on_the_corresponding_day(case):
    assert rules.warranty_until(case["accepted_on"], case["years"]) == case["until"]


@pytest.mark.parametrize("case", CASES["account"], ids=lambda c: c["name"])
def test_final_account(case):
    found = rules.check_account(case["submitted"], case["settled"], case["contract"])
    assert [p.code for p in found] == case["wrong"]
    assert rules.cut_bp(case["submitted"], case["settled"]) == case["cut_bp"]


@pytest.mark.parametrize("case", CASES["shares"], ids=lambda c: c["name"])
def test_shares_follow_the_investment(case):
    assert rules.shares_bp(case["invested"]) == case["shares"]


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(1, 10**11), min_size=1, max_size=12))
def test_shares_are_one_hundred_percent_and_never_wrong_by_a_basis_point(invested):
    shares = rules.shares_bp(invested)
    total = sum(invested.values())
    assert sum(shares.values()) == 10_000
    assert all(abs(shares[k] * total - 10_000 * invested[k]) < total for k in invested)


def test_structure_is_warranted_for_its_design_life_and_nothing_without_one():
    terms = KNOWN.warranty.value
    assert rules.warranties(TODAY, ["structure", "pipes"], 50, terms) == {
        "structure": date(2076, 9, 16),
        "pipes": date(2028, 9, 16),
    }
    assert rules.warranties(TODAY, ["structure"], None, terms) == {}


def test_small_works_prove_fewer_sides():
    have = {"quality_file"}
    small = rules.evidence_lines(have, KNOWN, simple=True)
    assert [(x.field, x.holds) for x in small] == [("quality", True), ("accounts", False)]
    assert [x.field for x in rules.evidence_lines(have, KNOWN, simple=False)] == list(rules.ASPECTS)
    assert rules.is_simple(20_000_000, KNOWN.simple_max)
    assert not rules.is_simple(20_000_001, KNOWN.simple_max)


def test_handover_names_each_owner_once_and_hands_over_no_more_than_was_settled():
    cards = [rules.Card("渠道", 60), rules.Card("涵洞", 40)]
    assert rules.check_handover(["甲村", "乙村"], cards, 100) == []
    found = rules.check_handover(["甲村", "甲村"], cards, 99)
    assert [(p.code, p.field) for p in found] == [("PRJ-621", "owners.1.owner"), ("PRJ-622", "cards.0.value_fen")]


def test_failed_aspects_count_missing_opinions():
    opinions = dict.fromkeys(rules.ASPECTS, "pass")
    assert rules.failed_aspects(opinions) == []
    del opinions["audit"]
    assert rules.failed_aspects({**opinions, "money": "fail"}) == ["money", "audit"]


SLOT = dossier.Slot("as_built", "completion", "village", "completed", 15, "always")


@pytest.mark.parametrize(
    ("there", "need", "large", "happened", "filed"),
    [
        (True, "always", False, None, "present"),
        (False, "always", False, None, "later"),
        (False, "always", False, date(2026, 9, 1), "due"),  # the fifteenth day is today, and still counts
        (False, "always", False, date(2026, 8, 31), "overdue"),
        (False, "large", False, date(2026, 8, 1), "spared"),
        (False, "large", True, date(2026, 8, 1), "overdue"),
        (False, "optional", True, date(2026, 8, 1), "optional"),
    ],
)
def test_a_paper_is_judged_by_its_event_and_term(there, need, large, happened, filed):
    slot = dossier.Slot(SLOT.kind, SLOT.stage, SLOT.who, SLOT.event, SLOT.days, need)
    place = dossier.judge(slot, there=there, happened_on=happened, large=large, today=TODAY)
    assert str(place.filed) == filed


def test_completeness_counts_what_should_be_there_by_now():
    slots = [
        SLOT,
        dossier.Slot("later", "handover", "county", "handed_over", 15, "always"),
        dossier.Slot("extra", "contract", "village", "completed", 0, "optional"),
        dossier.Slot("design", "intake", "village", "completed", 0, "always"),
    ]
    found = dossier.places(slots, {"design": 2, "extra": 1}, {"completed": TODAY}, TODAY, large=True)
    assert dossier.completeness(found) == (1, 2)


def test_every_proof_of_acceptance_stands_in_the_list_of_papers():
    policy = installed_packs().at(TODAY, "330803000000")
    kinds = {s.kind for s in dossier.slots_of(policy.get("projects.dossier.files"))}
    asked = {*policy.get("projects.assets.evidence").values(), *policy.get("projects.assets.completion_papers")}
    assert asked - kinds == set()
    assert {s.stage for s in dossier.slots_of(policy.get("projects.dossier.files"))} <= set(dossier.STAGES)
