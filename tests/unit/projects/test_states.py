"""The machine of a project: no illegal arrow, no way around the tiers, guards that hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.permissions import GRANTS, P
from projects.plan.states import PLAN, in_order
from projects.states import CHOSEN, EDITABLE, PROJECT, S
from projects.tables import PUBLIC_STATES
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused

VERBS = sorted({a.verb for a in PROJECT.arrows})
ARROWS = {(a.src, a.verb): a.dst for a in PROJECT.arrows}
ENDS = {S.WITHDRAWN, S.TERMINATED, S.HANDED_OVER}


def reachable(start: S, *, without: Iterable[S] = ()) -> set[S]:
    closed, found, todo = set(without), {start}, [start]
    while todo:
        here = todo.pop()
        new = {S(a.dst) for a in PROJECT.arrows if a.src == here} - found - closed
        found |= new
        todo += new
    return found


@given(st.lists(st.sampled_from(VERBS), max_size=40))
def test_no_sequence_of_verbs_leaves_the_arrows(verbs: list[str]) -> None:
    state = S.DRAFT
    for verb in verbs:
        if (state, verb) in ARROWS:
            state = S(PROJECT.arrow(state, verb).dst)
        else:
            with pytest.raises(Refused, match="KRN-408"):
                PROJECT.arrow(state, verb)
    assert state in reachable(S.DRAFT)


def test_every_state_is_reached_and_only_the_ends_end() -> None:
    assert reachable(S.DRAFT) == set(S)
    assert {s for s in S if not any(a.src == s for a in PROJECT.arrows)} == ENDS


def test_a_verb_leads_from_a_state_to_one_place_only() -> None:
    assert len(ARROWS) == len(PROJECT.arrows)


@pytest.mark.parametrize(
    ("gate", "beyond"),
    [
        (S.SUBMITTED, S.TOWNSHIP_PASSED),
        (S.TOWNSHIP_PASSED, S.PLANNED),
        (S.TOWNSHIP_PASSED, S.AWARDED),
        (S.AWARDED, S.CONTRACTED),
        (S.CONTRACTED, S.BUILDING),
        (S.COMPLETED, S.ACCEPTED),
        (S.ACCEPTED, S.HANDED_OVER),
    ],
)
def test_there_is_no_way_around_a_gate(gate: S, beyond: S) -> None:
    assert beyond not in reachable(S.DRAFT, without={gate})


def test_nothing_once_chosen_becomes_editable_again() -> None:
    for state in CHOSEN:
        assert reachable(state).isdisjoint(EDITABLE)


def test_the_public_sees_exactly_what_was_chosen() -> None:
    assert set(PUBLIC_STATES.strip("()").replace("'", "").split(",")) == {s.value for s in CHOSEN}


def test_no_role_both_files_and_confirms_or_drafts_and_approves() -> None:
    apart = [
        (P.SUBMIT, P.CHECK),
        (P.SUBMIT, P.ADMIT),
        (P.CHECK, P.ADMIT),
        (P.PLAN, P.APPROVE_PLAN),
        (P.SUBMIT, P.ACCEPT),
    ]
    assert [(r, pair) for r, held in GRANTS.items() for pair in apart if set(pair) <= set(held)] == []


def test_every_arrow_can_be_taken_by_some_role() -> None:
    held = {p for granted in GRANTS.values() for p in granted}
    assert {a.permission for a in (*PROJECT.arrows, *PLAN.arrows)} <= held
    assert GRANTS[Role.TOWNSHIP_CLERK] != ()


def test_every_state_verb_and_permission_has_its_chinese() -> None:
    states = [CATALOGUE.state("PROJECT", s) for s in S]
    verbs = [CATALOGUE.verb(f"PROJECT.{v}") for v in VERBS]
    assert [s for s in states if s.isascii()] == []
    assert [v for v in verbs if v.isascii()] == []
    assert [p for p in P if CATALOGUE.permission(p).isascii()] == []


REASONED = (
    "reopen", "leave", "expire", "fall_back", "recall", "suspend", "resume", "terminate", "rework",
)  # fmt: skip
ROW: dict[str, Any] = {"progress_bp": 9999, "submitted_at": datetime(2026, 9, 16, tzinfo=UTC)}
GOOD: dict[str, dict[str, Any]] = {
    "submit": {"receipt": "202609-330803-000001"},
    "return": {"remarks": 1},
    "admit": {"valid_until": datetime(2031, 9, 16, tzinfo=UTC).date()},
    "refuse": {"ground": "三(一)", "reason": "行业资金可以覆盖"},
    "remove": {"reason": "村已合并"},
    "plan": {"plan": "2027年度计划", "doc_no": "9号"},
    "plan_exception": {"plan": "2027年度计划", "doc_no": "9号", "approved_exception": "演示丙"},
    "award": {"amount_fen": 1},
    "sign": {"weight_bp": 10_000},
    "complete": {"needed_bp": 9999},
    "accept": {"failed": []},
    "hand_over": {"owner": "合作社", "caretaker": "村委会"},
    "readmit": {"valid_until": date(2031, 9, 16), "today": date(2026, 9, 16)},
    "audit": {"settled_fen": 1},
    **{verb: {"reason": "理由"} for verb in REASONED},
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("submit", {"receipt": ""}, "PRJ-101"),
    ("return", {"remarks": 0}, "PRJ-202"),
    ("admit", {"valid_until": None}, "PRJ-203"),
    ("refuse", {"ground": ""}, "PRJ-204"),
    ("refuse", {"reason": ""}, "PRJ-204"),
    ("remove", {"reason": ""}, "PRJ-205"),
    ("plan", {"doc_no": ""}, "PRJ-301"),
    ("plan_exception", {"approved_exception": ""}, "PRJ-302"),
    ("award", {"amount_fen": 0}, "PRJ-303"),
    ("sign", {"weight_bp": 9999}, "PRJ-402"),
    ("complete", {"needed_bp": 10_000}, "PRJ-404"),
    ("accept", {"failed": ["audit"]}, "PRJ-405"),
    ("hand_over", {"caretaker": ""}, "PRJ-406"),
    ("readmit", {"valid_until": date(2026, 9, 16)}, "PRJ-203"),
    ("audit", {"settled_fen": 0}, "PRJ-407"),
    *((verb, {"reason": ""}, "PRJ-205") for verb in REASONED),
]


def guard(verb: str, facts: dict[str, Any]) -> None:
    for arrow in PROJECT.arrows:
        if arrow.verb == verb and arrow.guard is not None:
            arrow.guard(ROW, facts)


@pytest.mark.parametrize("verb", GOOD)
def test_guard_lets_good_facts_pass(verb: str) -> None:
    guard(verb, GOOD[verb])


@pytest.mark.parametrize(("verb", "change", "code"), BAD)
def test_guard_refuses_bad_facts(verb: str, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as caught:
        guard(verb, {**GOOD[verb], **change})
    assert caught.value.code == code


def test_every_guard_is_covered_here() -> None:
    guarded = {a.verb for a in PROJECT.arrows if a.guard is not None} - {"send_back", "withdraw"}
    assert guarded == set(GOOD) == {verb for verb, _, _ in BAD}


def test_a_plan_is_not_approved_by_who_drafted_it() -> None:
    row = {"created_by": 7}
    in_order(row, {"problems": [], "doc_no": "9号", "approver": 8})
    with pytest.raises(Refused, match="PRJ-304"):
        in_order(row, {"problems": [], "doc_no": "9号", "approver": 7})
    with pytest.raises(Refused, match="PRJ-301"):
        in_order(row, {"problems": [], "doc_no": "", "approver": 8})
    with pytest.raises(Invalid, match="PRJ-321"):
        in_order(row, {"problems": [Problem("PRJ-321")], "doc_no": "9号", "approver": 8})
