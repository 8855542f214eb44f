"""The demonstration is the same whenever it is made from the same seed."""

from __future__ import annotations

from datetime import timedelta

from quzhou_migrants.demo.lives import COHORTS, Life, make_lives
from quzhou_migrants.demo.people import _houses
from quzhou_migrants.demo.world import BUSINESS_DATE, Village, World
from quzhou_migrants.kernel.clock import is_working_day
from quzhou_migrants.register.rules import House


def world(seed: int = 2026) -> World:
    villages = [
        Village(f"330802100{n}", f"演示{n}村", f"柯城区{n}村", "330802100000", "", 28.9, 118.8) for n in range(201, 211)
    ]
    return World(seed, counties={"330802000000": "柯城区"}, villages=villages)


def lives(seed: int = 2026) -> list[Life]:
    return make_lives(world(seed), 900)


def houses(count: int, seed: int = 2026) -> list[House]:
    return list(_houses(world(seed), count))


def test_the_same_seed_makes_the_same_projects() -> None:
    assert lives() == lives()
    assert lives() != lives(2027)


def test_the_same_seed_makes_the_same_people() -> None:
    assert houses(200) == houses(200)
    assert houses(200) != houses(200, 2027)


def test_households_are_as_many_as_asked_and_their_codes_differ() -> None:
    for count in (1, 7, 999):
        assert len({house.code for house in houses(count)}) == count


def test_every_number_of_a_person_is_used_once() -> None:
    numbers = [person.resident_id for house in houses(3000) for person in house.people]
    assert len(set(numbers)) == len(numbers)


def test_every_project_is_filed_inside_its_window_and_before_today() -> None:
    for life in lives():
        assert (life.filed_on.year, life.filed_on.month) == life.window
        assert life.filed_on < BUSINESS_DATE
        assert life.asked_fen + life.own_fen == life.estimate_fen


def test_there_are_as_many_projects_as_asked_and_some_for_every_ending() -> None:
    assert len(lives()) == 900
    endings = {goal for ends in COHORTS.values() for goal in ends}
    assert {life.goal for life in make_lives(world(), 60)} == endings


def test_a_correction_term_can_be_counted_from_every_return() -> None:
    for life in lives():
        assert isinstance(is_working_day(life.passed_on + timedelta(days=30)), bool)
