"""May this village follow that one? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quzhou_migrants.kernel.errors import Problem

VILLAGE, TOWNSHIP = "village", "township"


@dataclass(frozen=True, slots=True)
class Step:
    """A succession as asked for: who ends, who follows, and the name of a successor that is not there yet."""

    old: str
    new: str
    new_name: str


def asked_step(old: str, existing: str, new_code: str, new_name: str) -> Step:
    """Read who follows: one that is there, or one to be made."""
    return Step(old, existing or new_code, "" if existing else new_name.strip())


def problems(step: Step, known: Mapping[str, Mapping[str, Any]], within: Sequence[str]) -> list[Problem]:
    """Say what stands against a succession, beside its fields.

    Shape: `known` are the divisions concerned by code, `within` the half-open range of the caller.
    """
    found: list[Problem] = []
    old, new = known.get(step.old), known.get(step.new)
    if old is None or old["level"] != VILLAGE or not old["active"] or not _inside(step.old, within):
        found.append(Problem("PRJ-720", "old_code"))
    if not step.new:
        found.append(Problem("PRJ-721", "successor_code"))
    elif step.new == step.old:
        found.append(Problem("PRJ-726", "successor_code"))
    elif new is not None and (step.new_name or new["level"] != VILLAGE or not new["active"]):
        found.append(Problem("PRJ-727", "new_code" if step.new_name else "successor_code"))
    elif new is None:
        found += _new_one(step, known)
    if step.new and not _inside(step.new, within):
        found.append(Problem("PRJ-728", "new_code" if new is None else "successor_code"))
    return found


def _new_one(step: Step, known: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    township = known.get(step.new[:9] + "000")
    found = []
    if township is None or township["level"] != TOWNSHIP or step.new.endswith("000"):
        found.append(Problem("PRJ-722", "new_code"))
    if not step.new_name:
        found.append(Problem("PRJ-729", "new_name"))
    return found


def _inside(code: str, within: Sequence[str]) -> bool:
    return within[0] <= code < within[1]
