"""After the decision, as rules: item votes, reserve list, promotion, notices, and other rules looked at."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.competitive.alternatives import Judged, Rules, compare, judge, variants
from allocation.competitive.outcome import (
    RosterChange,
    Settled,
    Shown,
    check_passing,
    item_tallies,
    notice_problems,
    passed_over,
    promoted_fen,
    ranks_of,
    reserve_list,
    roster_change,
)
from allocation.competitive.rules import Criterion, Cut, CutRule, Entry, Member, Vote, cut, rank
from quzhou_migrants.kernel.errors import Refused

CRITERIA = [Criterion(1, 6000), Criterion(2, 4000)]
TERMS = Cut(1_000, 500, 60, CutRule.STOP, 5000)


@pytest.mark.parametrize(
    ("text", "found"), [("", set()), ("2", {2}), ("2、5", {2, 5}), (" 5，2 ;2", {2, 5}), ("1 3", {1, 3})]
)
def test_places_are_read_as_people_type_them(text, found):
    assert ranks_of(text, range(1, 7)) == found


@pytest.mark.parametrize("text", ["7", "二", "-1", "2-3", "２", "0"])
def test_a_place_nobody_took_is_refused(text):
    with pytest.raises(Refused, match="ALC-371"):
        ranks_of(text, range(1, 7))


def test_a_vote_is_counted_anew_for_a_project_somebody_steps_out_for():
    yes = [Member(str(n), present=True, avoids=False, vote=Vote.FOR) for n in range(3)]
    out = Member("out", present=True, avoids=False, vote=Vote.FOR, excepts=frozenset({2}))
    absent = Member("absent", present=False, avoids=False, vote=Vote.NONE)
    [tally] = item_tallies([*yes, out, absent], Fraction(1, 2))
    assert (tally.rank, tally.entitled, tally.votes_for) == (2, 4, 3)
    with pytest.raises(Refused, match="ALC-372"):
        item_tallies([yes[0], out, absent], Fraction(1, 2))


def test_the_reserve_list_leaves_out_the_failed_the_vetoed_and_those_set_aside():
    rows = [
        Settled("set-aside", 1, Fraction(95), 100, 0),
        Settled("given", 2, Fraction(90), 100, 100),
        Settled("b", 4, Fraction(70), 0, 0),
        Settled("a", 3, Fraction(80), 0, 0),
        Settled("vetoed", 5, Fraction(69), 0, 0, vetoed=True),
        Settled("failed", 6, Fraction(5999, 100), 0, 0),
        Settled("just", 7, Fraction(60), 0, 0),
    ]
    assert reserve_list(rows, 60) == {"a": 1, "b": 2, "just": 3}


@pytest.mark.parametrize(
    ("wish", "left", "rule", "got"),
    [
        (400, 400, CutRule.STOP, 400),
        (600, 500, CutRule.STOP, 500),  # capped
        (400, 300, CutRule.PARTIAL, 300),
        (400, 199, CutRule.PARTIAL, None),  # less than half
        (400, 399, CutRule.SKIP, None),
        (400, -1, CutRule.STOP, None),
    ],
)
def test_money_that_fell_free_is_given_by_the_rule_of_the_call(wish, left, rule, got):
    terms = Cut(1_000, 500, 60, rule, 5000)
    if got is None:
        with pytest.raises(Refused, match="ALC-379"):
            promoted_fen(wish, left, terms)
    else:
        assert promoted_fen(wish, left, terms) == got


def test_who_is_passed_over_is_named_in_order():
    assert passed_over({"c": 3, "a": 1, "b": 2}, "c") == ["a", "b"]
    assert passed_over({"c": 3, "a": 1}, "a") == []
    check_passing(["a", "b"], "a 已由其他资金安排，b 放弃")
    with pytest.raises(Refused, match="ALC-381"):
        check_passing(["a", "b"], "a 放弃")


def test_what_of_a_notice_bars_the_approval():
    ends = date(2026, 9, 18)
    told = [([p.code for p in notice_problems(*case)]) for case in (
        (None, 0), (Shown(True, ends, 0), 2), (Shown(False, ends, 1), 0), (Shown(False, ends, 0), 0))]  # fmt: skip
    assert told == [["ALC-374"], ["ALC-375", "ALC-376"], ["ALC-377"], []]


def test_who_was_due_is_compared_with_last_time():
    assert roster_change(["甲", "乙"], ["乙", "丙"]) == RosterChange(("甲",), ("丙",))


SHEETS = st.fixed_dictionaries({1: st.integers(0, 100), 2: st.integers(0, 100)})
ROWS = st.lists(
    st.tuples(st.integers(1, 900), st.dictionaries(st.integers(1, 7), SHEETS, min_size=1, max_size=7), st.booleans()),
    min_size=1, max_size=7,
).map(lambda rows: [Judged(f"P{n}", asked, scores, out) for n, (asked, scores, out) in enumerate(rows)])  # fmt: skip
RULES = st.builds(
    Rules,
    st.sampled_from([3, 5, 10_000]),
    st.builds(
        Cut, st.integers(500, 2_000), st.integers(1, 500), st.integers(0, 100), st.sampled_from(CutRule),
        st.integers(0, 10_000),
    ),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ROWS, RULES)
def test_looking_at_the_published_rules_gives_the_official_result(rows, rules):
    entries = [Entry(r.code, r.asked_fen, tuple(r.scores.values()), r.ruled_out) for r in rows]
    placings = rank(entries, CRITERIA, rules.trim_from)
    money = cut(placings, {r.code: r.asked_fen for r in rows}, rules.cut)
    looked = judge(rows, CRITERIA, rules)
    assert {p.code: (p.rank, p.mean) for p in placings} == {k: (v.rank, v.mean) for k, v in looked.items()}
    assert money == {code: place.fen for code, place in looked.items()}


@settings(max_examples=40, deadline=None)
@given(ROWS, RULES, st.randoms())
def test_no_other_rules_spend_more_than_the_budget_and_order_never_matters(rows, rules, random):
    seats = sorted({s for r in rows for s in r.scores})
    others = variants(rules, seats)
    base, made = compare(rows, CRITERIA, rules, others)
    shuffled = random.sample(rows, len(rows))
    assert compare(shuffled, CRITERIA, rules, others)[1] == made
    for a in made:
        assert sum(p.fen for p in a.places.values()) <= a.rules.cut.budget_fen
        assert a.changed == tuple(sorted(c for c, p in a.places.items() if p.fen != base[c].fen))
        assert a.moved == tuple(sorted(c for c, p in a.places.items() if p.rank != base[c].rank))
        left_out = [r for r in rows if not set(r.scores) - {a.rules.out}]
        assert all(a.places[r.code].rank is None and a.places[r.code].fen == 0 for r in left_out)


def test_one_hostile_expert_is_seen_by_leaving_the_seat_out():
    def scored(*points: int) -> dict[int, dict[int, int]]:
        return {seat: {1: p, 2: p} for seat, p in enumerate(points, start=1)}

    rows = [Judged("A", 400, scored(90, 90, 90, 0)), Judged("B", 400, scored(70, 70, 70, 100))]
    official = Rules(10_000, Cut(400, 400, 60, CutRule.STOP, 0))
    base, made = compare(rows, CRITERIA, official, variants(official, [1, 2, 3, 4]))
    assert (base["A"].fen, base["B"].fen) == (0, 400)
    changed = {a.key: a.changed for a in made if a.key.startswith("out_")}
    assert changed == {"out_1": (), "out_2": (), "out_3": (), "out_4": ("A", "B")}
    assert next(a for a in made if a.key == "median").places["A"].rank == 1
