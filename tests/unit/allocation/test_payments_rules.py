"""Payment gates: worked examples, refusals by code, and no ceiling passed in any order of claims."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.payments import rules, signing
from allocation.payments.rules import Ask, Books, Kind, Terms
from allocation.payments.signing import Signed
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import parse_yuan, yuan

CASES = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/payments.toml").read_text(encoding="utf-8"))[
    "case"
]
TERMS = Terms(advance_bp=3000, progress_bp=8500, retention_bp=300, small_fen=30_000_00)


def fen(value: float) -> int:
    return parse_yuan(f"{value:.2f}")


def books_of(given: dict[str, Any]) -> Books:
    return Books(
        fen(given["award"]),
        fen(given["contract"]),
        fen(given["claimed"]),
        given["seen_bp"],
        given["accepted"],
        "constructor",
        completed=given.get("completed", False),
        retained_fen=fen(given.get("retained", 0)),
        day=given.get("day", ""),
        retention_due=given.get("due", ""),
    )


def terms_of(given: dict[str, Any]) -> Terms:
    shares = (given["advance_bp"], given["progress_bp"], given["retention_bp"], fen(given["small"]))
    return Terms(
        *shares,
        completion_bp=given.get("completion_bp", 0),
        prepay_bp=given.get("prepay_bp", 0),
        retention_from_fen=fen(given.get("retention_from", 0)),
        steps=given.get("steps", ()),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_claimable_matches_worked_example(case: dict[str, Any]) -> None:
    final = fen(case["final"]) if "final" in case else None
    found = rules.claimable(books_of(case["books"]), terms_of(case["terms"]), Kind(case["kind"]), final)
    assert yuan(found).replace(",", "") == case["claimable"]


def codes(books: Books, ask: Ask, terms: Terms = TERMS) -> set[str]:
    return {g.code for g in rules.gates(books, terms, ask) if not g.is_open}


BUILDING = Books(480_000_00, 500_000_00, 144_000_00, 5000, accepted=False, contractor="A")


def test_what_acceptance_settled_is_what_is_paid() -> None:
    done = Books(480_000_00, 500_000_00, 0, 10_000, accepted=True, contractor="A", settled_fen=470_000_00)
    assert codes(done, Ask(Kind.SETTLEMENT, 400_000_00, "A", 400_000_00, 470_000_00)) == set()
    assert codes(done, Ask(Kind.SETTLEMENT, 400_000_00, "A", 400_000_00, 470_000_01)) == {"ALC-430"}
    assert codes(done, Ask(Kind.SETTLEMENT, 400_000_00, "A", 400_000_00)) == {"ALC-411"}


def test_each_gate_is_shut_by_its_own_fact() -> None:
    ask = Ask(Kind.PROGRESS, 60_000_00, "A", 60_000_00)
    assert codes(BUILDING, ask) == set()
    assert codes(BUILDING, Ask(Kind.PROGRESS, 60_000_01, "A", 60_000_01)) == {"ALC-404"}
    assert codes(BUILDING, Ask(Kind.PROGRESS, 60_000_00, "B", 60_000_00)) == {"ALC-409"}
    assert codes(BUILDING, Ask(Kind.PROGRESS, 60_000_00, "A", 59_999_99)) == {"ALC-410"}
    assert codes(BUILDING, Ask(Kind.ADVANCE, 1, "A", 1)) == {"ALC-403"}
    assert codes(BUILDING, Ask(Kind.SETTLEMENT, 1, "A", 1)) == {"ALC-405", "ALC-411"}
    assert codes(BUILDING, Ask(Kind.PROGRESS, 400_000_00, "A", 400_000_00)) == {
        "ALC-401",
        "ALC-402",
        "ALC-404",
    }


def test_check_reports_every_shut_gate_beside_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        rules.check(rules.gates(BUILDING, TERMS, Ask(Kind.SETTLEMENT, 500_000_00, "B", 0)))
    assert [(p.code, p.field) for p in caught.value.problems] == [
        ("ALC-401", "amount_fen"),
        ("ALC-402", "amount_fen"),
        ("ALC-405", "kind"),
        ("ALC-411", "final_fen"),
        ("ALC-406", "amount_fen"),
        ("ALC-407", "amount_fen"),
        ("ALC-409", "payee"),
        ("ALC-410", "invoice_fen"),
    ]


def test_retention_is_rounded_up_to_the_fen() -> None:
    books = Books(100_000_01, 100_000_01, 0, 10_000, accepted=True, contractor="A")
    assert rules.retained(books, TERMS) == 3_000_01


AMOUNT = st.integers(1, 2_000_000_00)
STAGES = (Kind.ADVANCE, Kind.PROGRESS, Kind.SETTLEMENT)


def test_holds_bar_every_stage_and_each_says_its_own_reason() -> None:
    ask = Ask(Kind.PROGRESS, 60_000_00, "A", 60_000_00)
    assert codes(replace(BUILDING, notices=1), ask) == {"ALC-431"}
    assert codes(replace(BUILDING, objections=2), ask) == {"ALC-431"}
    assert codes(replace(BUILDING, findings=1, finding_said="x"), ask) == {"ALC-432"}
    assert codes(replace(BUILDING, stopped=True), ask) == {"ALC-433"}
    for kind in Kind:
        assert rules.claimable(replace(BUILDING, findings=1), TERMS, kind, 0) == 0


def test_progress_is_paid_while_the_term_runs_and_as_far_as_both_measured() -> None:
    ask = Ask(Kind.PROGRESS, 60_000_00, "A", 60_000_00, measured_bp=5000, wages_fen=0)
    running = replace(BUILDING, works=True, day="2026-09-16", term_ends="2026-09-16")
    assert codes(running, ask) == set()
    assert codes(replace(running, day="2026-09-17"), ask) == {"ALC-436"}
    assert codes(replace(running, day="2026-09-17", completed=True), ask) == set()
    assert codes(running, replace(ask, measured_bp=5001)) == {"ALC-435"}
    assert codes(running, replace(ask, wages_fen=None)) == {"ALC-441"}
    assert codes(running, replace(ask, wages_fen=60_000_01)) == {"ALC-441"}
    assert codes(replace(running, works=False), replace(ask, wages_fen=None)) == set()


def test_retention_waits_for_its_day_its_faults_and_its_amount() -> None:
    kept = replace(
        BUILDING, claimed_fen=465_600_00, accepted=True, retained_fen=14_400_00, day="2026-09-16",
        retention_due="2026-09-16",
    )  # fmt: skip
    ask = Ask(Kind.RETENTION, 14_400_00, "A", 14_400_00)
    assert codes(kept, ask) == set()
    assert codes(kept, Ask(Kind.RETENTION, 14_400_01, "A", 14_400_01)) == {"ALC-401", "ALC-438"}
    assert codes(replace(kept, day="2026-09-15"), ask) == {"ALC-439"}
    assert codes(replace(kept, day="2026-09-15"), replace(ask, guarantee="BH-1")) == set()
    assert codes(replace(kept, defects=1), ask) == {"ALC-440"}


def test_retention_is_given_back_only_as_far_as_the_settled_price_reaches() -> None:
    kept = replace(
        BUILDING, claimed_fen=465_600_00, accepted=True, retained_fen=14_400_00, day="2026-09-16",
        retention_due="2026-09-16", settled_fen=470_000_00,
    )  # fmt: skip
    assert codes(kept, Ask(Kind.RETENTION, 4_400_00, "A", 4_400_00)) == set()
    assert codes(kept, Ask(Kind.RETENTION, 4_400_01, "A", 4_400_01)) == {"ALC-458"}


def test_no_stage_runs_ahead_of_a_final_account_that_was_settled() -> None:
    """An audit that cut the price to 200,000 leaves 194,000 before the retention, whatever progress has earned."""
    cut = replace(BUILDING, seen_bp=10_000, completed=True, settled_fen=200_000_00)
    terms = replace(TERMS, completion_bp=9000, prepay_bp=10_000)
    for kind in (Kind.PROGRESS, Kind.COMPLETION, Kind.PREPAY):
        assert codes(cut, Ask(kind, 50_000_00, "A", 50_000_00), terms) == set()
        assert codes(cut, Ask(kind, 50_000_01, "A", 50_000_01), terms) == {"ALC-462"}
        assert rules.claimable(cut, terms, kind) == 50_000_00


def test_what_a_settled_project_may_cost_is_the_least_of_three() -> None:
    assert [rules.allowed(*p) for p in ((3, 2, 1), (1, 2, 3), (2, 1, 3))] == [1, 1, 1]


def test_a_guarantee_stands_in_for_the_retention() -> None:
    done = replace(BUILDING, claimed_fen=0, seen_bp=10_000, accepted=True)
    whole = Ask(Kind.SETTLEMENT, 480_000_00, "A", 480_000_00, 480_000_00)
    assert codes(done, whole) == {"ALC-407"}
    assert codes(done, replace(whole, guarantee="BH-1")) == set()


@given(AMOUNT, AMOUNT, st.integers(0, 10_000), st.integers(0, 10_000), st.booleans())
def test_an_advance_is_worked_off_between_nothing_and_whole_and_never_backwards(
    award: int, advance: int, seen: int, more: int, accepted: bool
) -> None:
    advance = min(advance, award)
    books = Books(award, award, advance, seen, accepted, "A", advance_fen=advance)
    found = rules.recovery(books, TERMS)
    later = rules.recovery(replace(books, seen_bp=max(seen, more)), TERMS)
    assert 0 <= found.worked_off_fen <= later.worked_off_fen <= advance
    assert found.worked_off_fen + found.left_fen == advance
    if accepted:
        assert found.left_fen == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("see"), st.integers(0, 10_000)),
        st.tuples(st.just("accept"), st.just(0)),
        st.tuples(st.sampled_from(STAGES), AMOUNT),
        st.tuples(st.sampled_from(STAGES), st.none()),  # ask for all that may be asked
    ),
    max_size=25,
)


LOCAL = st.builds(Terms, st.integers(0, 10_000), st.integers(8000, 10_000), st.integers(0, 300), st.just(30_000_00))


@given(AMOUNT, AMOUNT, AMOUNT, LOCAL, STEPS)
def test_no_order_of_claims_passes_any_ceiling(
    award: int, contract: int, final: int, terms: Terms, steps: list[tuple[Any, Any]]
) -> None:
    seen, accepted, paid = 0, False, 0
    for what, value in steps:
        if what == "see":
            seen = max(seen, value)
            continue
        if what == "accept":
            accepted = True
            continue
        books = Books(award, contract, paid, seen, accepted, "A")
        final_fen = final if what is Kind.SETTLEMENT else None
        most = rules.claimable(books, terms, what, final_fen)
        amount = most if value is None else value
        passed = not codes(books, Ask(what, amount, "A", amount, final_fen), terms)
        assert passed == (amount <= most) or amount == 0
        paid += amount if passed else 0
        whole = min(award, contract)
        assert paid <= whole
        assert paid * 10_000 <= whole * max(terms.advance_bp, seen)
        if award <= 30_000_00:
            assert paid == 0 or accepted
        if not accepted:
            assert paid * 10_000**2 <= whole * max(terms.advance_bp * 10_000, seen * terms.progress_bp)


LADDER = [[0, "county_leader", "county_finance"], [100_000_000, "county_leader", "county_finance", "county_finance"]]


def test_signing_steps_rise_with_the_amount() -> None:
    assert signing.signing_steps(99_999_999, LADDER) == ("county_leader", "county_finance")
    assert signing.signing_steps(100_000_000, list(reversed(LADDER))) == (
        "county_leader",
        "county_finance",
        "county_finance",
    )


@pytest.mark.parametrize("ladder", [[], [[0, "county_finance"]], [[5, "county_leader", "county_finance"]]])
def test_fewer_than_two_signatures_are_refused(ladder: list[list[Any]]) -> None:
    with pytest.raises(Refused) as caught:
        signing.signing_steps(4, ladder)
    assert caught.value.code == "ALC-420"


TWO = ("county_leader", "county_finance")


@pytest.mark.parametrize(
    ("given_", "user", "role", "code"),
    [
        ([], 1, "county_leader", "ALC-422"),
        ([], 3, "county_finance", "ALC-424"),
        ([Signed(0, 2, "county_leader")], 2, "county_finance", "ALC-423"),
        ([Signed(0, 2, "county_leader")], 3, "county_leader", "ALC-424"),
        ([Signed(0, 2, "county_leader"), Signed(1, 3, "county_finance")], 4, "county_finance", "ALC-421"),
    ],
)
def test_signature_out_of_turn_is_refused(given_: list[Signed], user: int, role: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        signing.may_sign(TWO, given_, {1}, user, role)
    assert caught.value.code == code


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([*TWO, "county_clerk"])), max_size=12))
def test_whoever_tries_signatures_stand_in_order_by_different_hands(tries: list[tuple[int, str]]) -> None:
    steps = ("county_leader", "county_finance", "county_finance")
    given_: list[Signed] = []
    for user, role in tries:
        try:
            given_.append(Signed(signing.may_sign(steps, given_, {1}, user, role), user, role))
        except Refused:
            continue
    assert [s.role for s in given_] == list(steps[: len(given_)])
    assert len({s.user_id for s in given_} | {1}) == len(given_) + 1


def test_missing_papers_are_named_in_order() -> None:
    assert rules.missing_papers(["invoice", "progress", "photo"], ["photo"]) == ("invoice", "progress")
