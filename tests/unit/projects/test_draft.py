"""The honest task list: how far each part is, and what only shows when answers are read together."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from project_house import TYPED

from projects.intake.answers import AnswerRules
from projects.intake.draft import Step, check_draft
from projects.intake.forms import SECTION_OF, SECTIONS, STEPS, FileKind
from projects.intake.parameters import IntakeRules
from projects.intake.rules import DayKind, NoticeRule, ResolutionRule
from projects.rules import Bound
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import STATUTORY

TODAY = date(2026, 9, 16)
RULES = IntakeRules(
    months=(3, 9),
    resolution=ResolutionRule(
        Bound(3, "办法"),
        Bound(Fraction(2, 3), "二十六"),
        Bound(Fraction(1, 2), "二十六"),
        Bound(Fraction(2, 3), "条例"),
        Bound(Fraction(4, 5), "二十五"),
        Bound(Fraction(1, 3), "二十五"),
        meeting_days=Bound(10, "二十一"),
        villagers=Bound(Fraction(1, 2), "二十二"),
        households=Bound(Fraction(2, 3), "二十二"),
        assembly=Bound({"0": 30, "500": 40, "1000": 50}, "办法"),
        delegated=Bound(value=True, source="二十五"),
        supervised=Bound(value=True, source="条例"),
        collective_own=Bound(20_000_000, "条例", confirmed=False),
    ),
    notice=NoticeRule(Bound(5, "公示"), Bound(DayKind.CALENDAR, "公示"), Bound(value=True, source="公示")),
    needed=("resolution", "notice", "design"),
    needed_source="材料",
    uses_source="范围",
    correction_days=10,
    answers=AnswerRules(Bound(50_000_000, "设计"), "范围"),
)
FULL = {name: {field: [text] for field, text in part.items()} for name, part in TYPED.items()}
PAPERS = dict.fromkeys(RULES.needed, 1)


def checked(change=None, papers=PAPERS, remarked=None):
    draft = {name: {**part, **(change or {}).get(name, {})} for name, part in FULL.items()}
    return check_draft(draft, papers, RULES, today=TODAY, work=STATUTORY, remarked=remarked)


def test_a_full_draft_is_ready_and_every_part_done():
    found = checked()
    assert found.problems == []
    assert found.ready
    assert set(found.steps.values()) == {Step.DONE}
    assert [line.holds for part in found.lines.values() for line in part] == [True] * 14


def test_an_empty_draft_is_empty_everywhere_and_names_every_required_answer():
    found = check_draft({}, {}, RULES, today=TODAY, work=STATUTORY)
    assert set(found.steps.values()) == {Step.EMPTY}
    assert {p.code for p in found.problems} == {"WEB-101", "WEB-117", "PRJ-151"}
    assert {p.field for p in found.problems if p.code == "PRJ-151"} == set(RULES.needed)


@pytest.mark.parametrize(
    ("section", "field", "typed", "code", "step"),
    [
        ("basics", "ends_on", "2026-12-31", "PRJ-142", Step.PROBLEM),
        ("basics", "no_duplicate", "no", "PRJ-143", Step.PROBLEM),
        ("basics", "shape", "118.78, 28.95", "KRN-801", Step.PROBLEM),
        ("basics", "shape", "8.95, 118.78\n8.96, 118.78", "PRJ-145", Step.PROBLEM),
        ("basics", "shape", "28.95, 118.78", "KRN-802", Step.PROBLEM),
        ("works", "items.0.price_fen", "416.35", "PRJ-165", Step.PROBLEM),
        ("works", "items.0.quantity", "一千", "WEB-113", Step.PROBLEM),
        ("readiness", "land", "inside", "PRJ-170", Step.PROBLEM),
        ("benefit", "low_income_how", "", "PRJ-168", Step.PROBLEM),
        ("benefit", "households", "321", "PRJ-169", Step.PROBLEM),
        ("benefit", "income_fen", "10000", "PRJ-167", Step.PROBLEM),
        ("benefit", "lead_share", "x", "WEB-114", Step.PROBLEM),
        ("basics", "phone", "", "WEB-101", Step.PARTIAL),
        ("works", "own_fen", "74950.01", "PRJ-141", Step.PROBLEM),
        ("works", "asked_fen", "四十万", "KRN-204", Step.PROBLEM),
        ("benefit", "migrants", "321", "PRJ-144", Step.PROBLEM),
        ("benefit", "goals", "字" * 20_000, "WEB-103", Step.PROBLEM),
        ("decision", "present", "29", "PRJ-123", Step.PROBLEM),
        ("posting", "notice_to", "2026-09-11", "PRJ-132", Step.PROBLEM),
        ("posting", "objections", "1", "PRJ-134", Step.PROBLEM),
    ],
)
def test_one_wrong_answer_marks_its_part_and_no_other(section, field, typed, code, step):
    found = checked({section: {field: [typed]}})
    assert code in {p.code for p in found.of(section)}
    assert found.steps[section] is step
    assert {name for name, how in found.steps.items() if how is not Step.DONE} == {section}
    assert not found.ready


def test_a_missing_paper_keeps_the_application_back():
    found = checked(papers={"resolution": 1, "notice": 1})
    assert [(p.code, p.field) for p in found.problems] == [("PRJ-151", "design")]
    assert found.steps["papers"] is Step.PARTIAL


def test_a_remark_shows_on_a_part_that_is_otherwise_done():
    found = checked(remarked={"goals": ["请写清"]})
    assert found.steps["benefit"] is Step.REMARKED
    assert found.ready


def test_field_names_are_unique_over_all_parts_and_have_their_chinese():
    names = [f for struct in SECTIONS.values() for f in struct.__struct_fields__]
    assert len(names) == len(set(names))
    assert set(SECTION_OF) == {*names, *(k.value for k in FileKind)}
    assert [n for n in names if CATALOGUE.text(f"projects.field.{n}").isascii()] == []
    assert [s for s in STEPS if CATALOGUE.text(f"projects.step.{s}").isascii()] == []
