"""Refusals and findings: stable codes and facts; the Chinese sentence comes from the catalogue.

Rules raise `Refused` (one) or `Invalid` (several, for forms and imports); checks over data
return `Finding`s and never raise.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a code of the catalogue, the form field it stands beside, facts."""

    code: str
    field: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


class Invalid(Exception):  # noqa: N818 - reads as a sentence at the raise: `raise Invalid(problems)`
    """Several problems at once; nothing was done."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep every problem in order."""
        self.problems = problems
        super().__init__("; ".join(p.code for p in problems))


class Refused(Invalid):
    """One refusal: `raise Refused("ALC-102", field="amount", asked=..., left=...)`."""

    def __init__(self, code: str, /, *, field: str = "", **facts: Any) -> None:  # noqa: ANN401 - facts are any value the sentence names
        """Keep the code, the field and the facts of the sentence."""
        super().__init__([Problem(code, field, facts)])
        self.code = code
        self.field = field
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check noticed about an object: a code, the object, facts. Never an exception."""

    code: str
    subject: str
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
