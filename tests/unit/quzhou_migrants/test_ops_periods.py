"""Which periods of scheduled work are due."""

from datetime import datetime

import pytest

from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.periods import Kind, due, period_key

NOW = datetime(2026, 3, 1, 8, 30, 59, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("kind", "key"), [("day", "2026-03-01"), ("hour", "2026-03-01T08"), ("minute", "2026-03-01T08:30")]
)
def test_a_period_is_named_by_its_beginning(kind: Kind, key: str) -> None:
    assert period_key(kind, NOW) == key


@pytest.mark.parametrize(
    ("kind", "last", "limit", "expected"),
    [
        ("day", None, 40, ["2026-03-01"]),
        ("day", "2026-03-01", 40, []),
        ("day", "2026-02-26", 40, ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("day", "2020-01-01", 2, ["2026-02-28", "2026-03-01"]),
        ("hour", "2026-02-28T23", 24, [f"2026-03-01T0{hour}" for hour in range(9)]),
        ("minute", "2026-03-01T08:29", 1, ["2026-03-01T08:30"]),
        ("day", "2026-03-05", 40, []),
    ],
    ids=["first", "nothing new", "three missed", "limited", "over midnight", "minute", "clock moved back"],
)
def test_missed_periods_are_due_oldest_first(kind: Kind, last: str | None, limit: int, expected: list[str]) -> None:
    assert due(kind, last, NOW, limit) == expected
