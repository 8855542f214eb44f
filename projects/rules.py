"""What the rules of all rooms share: a value with its clause, and a line of an explained check."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Generic, TypeVar

from quzhou_migrants.kernel.errors import Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bound(Generic[T]):
    """A value of the policy pack, the clause it comes from, and whether somebody confirmed it."""

    value: T
    source: str
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a check, shown whether it holds or not.

    Shape: `code` names the sentence for a failure, `field` the answer it speaks about, `facts`
    what was counted and what was needed.
    """

    code: str
    field: str
    holds: bool
    source: str
    confirmed: bool
    facts: dict[str, Any] = made(default_factory=dict)


def problems(lines: list[Line]) -> list[Problem]:
    """Turn the lines that do not hold into problems beside their fields."""
    return [Problem(line.code, line.field, line.facts) for line in lines if not line.holds]
