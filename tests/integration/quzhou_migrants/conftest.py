"""Factories of the register: real households with demonstration numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date

import pytest

from quzhou_migrants.kernel.ids import DemoIds
from quzhou_migrants.register.rules import House, Person
from quzhou_migrants.register.words import Relation, Support

VILLAGE = "330802100201"
_codes = itertools.count(1)


@pytest.fixture(scope="session")
def ids() -> DemoIds:
    """Numbers that never repeat within the run."""
    return DemoIds()


@pytest.fixture
def make_person(ids: DemoIds) -> Callable[..., Person]:
    """`make_person("李芳", Relation.SPOUSE)`."""

    def make(name: str = "王小明", relation: Relation = Relation.HEAD, **more: object) -> Person:
        return Person(**{"name": name, "relation": relation, "resident_id": ids.next(date(1970, 1, 1), "male"), **more})

    return make


@pytest.fixture
def make_house(make_person: Callable[..., Person]) -> Callable[..., House]:
    """`make_house(code=…, village=…, people=(…))`."""

    def make(village: str = VILLAGE, **more: object) -> House:
        given = {"code": f"T-{next(_codes):05d}", "division_code": village, "support": Support.CASH}
        return House(**{**given, "people": (make_person(),), **more})

    return make
