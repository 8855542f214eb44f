"""Interest subsidies against a second method: every day for itself, added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.grants.documents import exact_yuan
from allocation.grants.rules import (
    LoanFacts,
    Stretch,
    Terms,
    check_reward,
    frozen,
    missing,
    over_contract,
    subsidised_until,
    work_out,
)
from quzhou_migrants.kernel.errors import Refused

LOAN = LoanFacts(300_000_00, 34_500, date(2025, 7, 1), date(2027, 6, 30))
TERMS = Terms(500_000_00, 435, 10_000, 20_000_00, 3, 360)
WINTER = Stretch(date(2025, 12, 21), date(2026, 3, 20), 300_000_00, 2_587_50, "V-1")
SPRING = Stretch(date(2026, 3, 21), date(2026, 6, 20), 300_000_00, 2_645_00, "V-2")


def test_a_worked_example_can_be_followed_with_a_pocket_calculator() -> None:
    """300,000 x 3.45 % / 360 = 28.75 a day; 79 days of the winter quarter lie in 2026, 92 in the spring quarter."""
    made = work_out(LOAN, [SPRING, WINTER], TERMS, 2026)
    assert [(s.stretch.voucher_no, s.days, s.by_rate, s.by_paid) for s in made.steps] == [
        ("V-1", 79, Fraction(2_271_25), Fraction(2_271_25)),
        ("V-2", 92, Fraction(2_645_00), Fraction(2_645_00)),
    ]
    assert (made.exact, made.amount_fen) == (Fraction(4_916_25), 4_916_25)
    assert work_out(LOAN, [WINTER], TERMS, 2025).amount_fen == 11 * 28_75


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"rate_most_bp": 300}, 4_275_00),  # 25 a day
        ({"share_bp": 5_000}, 2_458_12),  # half, cut to the fen
        ({"principal_most_fen": 150_000_00}, 2_458_12),
        ({"yearly_most_fen": 4_000_00}, 4_000_00),
        ({"day_basis": 365}, 4_848_90),
    ],
)
def test_every_bound_of_the_pack_binds(change, amount) -> None:
    assert work_out(LOAN, [WINTER, SPRING], replace(TERMS, **change), 2026).amount_fen == amount


def test_never_more_than_was_paid_and_penalty_shows() -> None:
    cheap = replace(SPRING, interest_fen=2_000_00)
    assert work_out(LOAN, [cheap], TERMS, 2026).amount_fen == 2_000_00
    dear = replace(SPRING, interest_fen=3_000_00)
    assert work_out(LOAN, [dear], TERMS, 2026).amount_fen == 2_645_00
    assert (over_contract(LOAN, dear, 360), over_contract(LOAN, cheap, 360)) == (355_00, 0)


@pytest.mark.parametrize(
    ("start", "end", "years", "until"),
    [
        (date(2025, 7, 1), date(2030, 1, 1), 3, date(2028, 6, 30)),
        (date(2025, 7, 1), date(2026, 1, 1), 3, date(2026, 1, 1)),
        (date(2024, 2, 29), date(2030, 1, 1), 1, date(2025, 2, 28)),
    ],
)
def test_the_subsidised_term_ends_with_the_loan_or_after_its_years(start, end, years, until) -> None:
    assert subsidised_until(LoanFacts(1, 1, start, end), years) == until


@pytest.mark.parametrize(
    ("paid", "code"),
    [
        ([WINTER, replace(SPRING, from_on=date(2026, 3, 20))], "ALC-547"),
        ([WINTER, WINTER], "ALC-547"),
        ([replace(WINTER, from_on=date(2025, 6, 30))], "ALC-548"),
        ([replace(SPRING, to_on=date(2027, 7, 1))], "ALC-548"),
    ],
)
def test_no_day_is_subsidised_twice_or_outside_the_loan(paid, code) -> None:
    with pytest.raises(Refused, match=code):
        work_out(LOAN, paid, TERMS, 2026)


def by_day(loan: LoanFacts, paid: list[Stretch], terms: Terms, year: int) -> Fraction:
    """The second method: each day's smaller half, one after the other."""
    until = subsidised_until(loan, terms.subsidy_years)
    total = Fraction(0)
    for s in paid:
        days = (s.to_on - s.from_on).days + 1
        counts = min(s.balance_fen, loan.principal_fen, terms.principal_most_fen)
        rate = Fraction(min(loan.rate_ppm, terms.rate_most_bp * 100), 1_000_000)
        own = Fraction(s.interest_fen, days) * Fraction(counts, s.balance_fen)
        for n in range(days):
            day = s.from_on + timedelta(days=n)
            if day.year == year and day <= until:
                total += min(counts * rate / terms.day_basis, own)
    return total * Fraction(terms.share_bp, 10_000)


@st.composite
def loans(draw):
    start = draw(st.dates(date(2023, 1, 1), date(2026, 6, 1)))
    loan = LoanFacts(
        draw(st.integers(1, 10**8)), draw(st.integers(1, 150_000)), start,
        start + timedelta(days=draw(st.integers(30, 1500))),
    )  # fmt: skip
    paid, day = [], start
    for n in range(draw(st.integers(0, 5))):
        last = day + timedelta(days=draw(st.integers(0, 120)))
        if last > loan.ends_on:
            break
        paid.append(Stretch(day, last, draw(st.integers(1, 10**8)), draw(st.integers(1, 10**7)), f"V{n}"))
        day = last + timedelta(days=draw(st.integers(1, 40)))
    terms = Terms(
        draw(st.integers(1, 10**8)), draw(st.integers(1, 1500)), draw(st.integers(0, 10_000)),
        draw(st.integers(0, 10**7)), draw(st.integers(1, 4)), draw(st.sampled_from([360, 365])),
    )  # fmt: skip
    return loan, paid, terms, draw(st.integers(2023, 2028))


@given(loans(), st.randoms())
@settings(max_examples=80)
def test_the_working_equals_the_sum_of_its_days_in_any_order(case, rng) -> None:
    loan, paid, terms, year = case
    shuffled = list(paid)
    rng.shuffle(shuffled)
    made = work_out(loan, shuffled, terms, year)
    exact = by_day(loan, paid, terms, year)
    assert made.exact == exact
    assert made.amount_fen == min(exact.numerator // exact.denominator, terms.yearly_most_fen)
    assert made.amount_fen <= sum(s.interest_fen for s in paid)
    assert frozen(loan, paid, terms, made) == frozen(loan, paid, terms, work_out(loan, paid, terms, year))


def test_amounts_are_written_so_that_they_can_be_followed() -> None:
    assert exact_yuan("491625") == "4,916.250000"
    assert exact_yuan("1/3") == "0.003333"


def test_rewards_keep_to_their_kind() -> None:
    rewards = {"coop": {"most_fen": 100}}
    check_reward("coop", 100, rewards)
    for kind, fen, code in (("coop", 101, "ALC-550"), ("leader", 1, "ALC-549")):
        with pytest.raises(Refused, match=code):
            check_reward(kind, fen, rewards)
    assert missing(["result", "photo"], ["photo"]) == ["result"]
