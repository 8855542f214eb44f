"""Findings said to people: names in place of codes, titles in place of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Finding


def named(facts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Put names of units and titles of parts into the facts of a sentence."""
    part = {"part": CATALOGUE.text(f"part.{facts['part']}")} if "part" in facts else {}
    unit = {"unit": names.get(str(facts["unit"]), facts["unit"])} if "unit" in facts else {}
    return {**facts, **unit, **part}


def said(findings: Sequence[Finding], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say findings. Shape: [(code, sentence)]."""
    return [(f.code, CATALOGUE.say(f.code, named(f.facts, names))) for f in findings]
