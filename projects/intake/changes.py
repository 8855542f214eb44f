"""What changed between two filings, or between a filing and the draft that is being mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from projects.intake import queries
from projects.intake.draft import Draft, read_draft, standing
from projects.intake.editors import changed
from projects.intake.forms import SECTIONS
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """Which answers differ from the filing before, and what stood there."""

    before: dict[str, Form[Any]] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()


def between(now: Draft, before: Mapping[str, Any]) -> Changes:
    """Compare two states of an application, part by part."""
    names = {
        n for part in SECTIONS for n in changed(standing(part, now.get(part, {})), standing(part, before.get(part, {})))
    }
    return Changes(read_draft(before), frozenset(names))


async def since_return(tx: Tx, row: Row) -> Changes:
    """Compare the draft of a returned application with what was filed last; nothing without such a filing."""
    filed = await queries.filing(tx, row["id"], row["round"])
    return between(row["draft"], filed["answers"]) if filed else Changes()


async def since_last_round(tx: Tx, row: Row) -> Changes:
    """Compare what is filed now with the round before it, for the reviewer; nothing in a first round."""
    before = await queries.filing(tx, row["id"], row["round"] - 1) if row["round"] > 1 else None
    return between(row["draft"], before["answers"]) if before else Changes()
