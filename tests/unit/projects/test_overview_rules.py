"""The measures of a dashboard, as conditions."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from projects.overview.rules import DELAYS, GROUPS, STAGES, Limits, measures, share_bp
from projects.states import S
from quzhou_migrants.kernel.catalogue import CATALOGUE

FOUND = measures(date(2026, 9, 16), Limits((30, 90, 180), 92, 90, 90))


def test_who_came_further_has_passed_the_earlier_stages():
    stages = [FOUND[f"stage_{name}"] for name in STAGES]
    assert all(earlier.endswith(later) for earlier, later in pairwise(stages))
    assert stages[-1] == STAGES["handed_over"]


def test_no_state_stands_in_two_groups():
    listed = [state for states in GROUPS.values() for state in states]
    assert len(listed) == len(set(listed))
    assert set(S) - set(listed) == {S.DRAFT, S.REFUSED, S.EXPIRED, S.WITHDRAWN, S.TERMINATED}


def test_ages_part_the_days_without_a_gap():
    assert "> -1" in FOUND["age_0"]
    assert "<= 30" in FOUND["age_0"]
    assert "> 30" in FOUND["age_1"]
    assert "> 180" in FOUND["age_3"]
    assert "<=" not in FOUND["age_3"]


def test_late_in_any_way_is_the_sum_of_the_ways():
    assert FOUND["late_any"] == " OR ".join(f"({FOUND[name]})" for name in DELAYS)


@pytest.mark.parametrize("name", FOUND)
def test_every_measure_has_a_name(name):
    key = f"list.overview.measure.{name}"
    assert CATALOGUE.text(key) != key


@pytest.mark.parametrize(("concerned", "lacking", "share"), [(0, 0, None), (3, 1, 6666), (4, 0, 10000), (2, 2, 0)])
def test_share_is_cut_to_a_whole_basis_point(concerned, lacking, share):
    assert share_bp(concerned, lacking) == share
