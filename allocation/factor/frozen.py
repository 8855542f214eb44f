"""A run's inputs as one plain document, its hash, and the way back: see FORMAT.md.

The document holds whole numbers and text only, so that its canonical form has one spelling in
every language and every year.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocation.factor.rules import Made, Split, made
from allocation.factor.scheme import Part, Scheme, from_mapping, to_mapping
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import MOST, Fen

FORMATS = {1: "quzhou-migrants/split/1", 2: "quzhou-migrants/split/2"}


@dataclass(frozen=True, slots=True)
class Unit:
    """Who takes part."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Datum:
    """One value as it was written, where it comes from and of which day."""

    factor: str
    unit: str
    value: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything one split depends on, and the words that explain it. Units: pool in fen."""

    title: str
    document: str
    division: str
    made_on: str
    policy: str
    remark: str
    pool_fen: Fen
    scheme: Scheme
    units: tuple[Unit, ...]
    data: tuple[Datum, ...]

    @property
    def in_order(self) -> list[Unit]:
        """Give the units in the order of their codes."""
        return sorted(self.units, key=lambda u: u.code)

    def table(self) -> dict[str, dict[str, str]]:
        """Give the values by factor and unit."""
        return table(self.data)

    def made(self) -> Made:
        """Make the split and tell how. Raises: Invalid, see rules.split."""
        return made(self.pool_fen, self.scheme, [u.code for u in self.units], self.table())

    def split(self) -> Split:
        """Make the split. Raises: Invalid, see rules.split."""
        return self.made().split


def table(data: Sequence[Datum]) -> dict[str, dict[str, str]]:
    """Give values by factor and unit."""
    found: dict[str, dict[str, str]] = {}
    for d in data:
        found.setdefault(d.factor, {})[d.unit] = d.value
    return found


def canonical(document: Mapping[str, Any]) -> str:
    """Write a document in its one spelling: keys sorted, no spaces, UTF-8, no number but whole ones.

    Raises: Refused ALC-230, a fraction or something that is not plain data.
    """
    _plain(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Give the SHA-256 of a canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(inputs: Inputs) -> str:
    """Write the inputs of a run in canonical form, rows in the order of their codes.

    A scheme that uses nothing of version 2 is written as version 1, for ever in the same bytes.
    """
    return canonical(
        {
            "format": FORMATS[inputs.scheme.version],
            "title": inputs.title,
            "document": inputs.document,
            "division": inputs.division,
            "made_on": inputs.made_on,
            "policy": inputs.policy,
            "remark": inputs.remark,
            "pool_fen": inputs.pool_fen,
            "scheme": to_mapping(inputs.scheme),
            "units": [{"code": u.code, "name": u.name} for u in inputs.in_order],
            "data": [
                {"factor": d.factor, "unit": d.unit, "value": d.value, "source": d.source, "as_of": d.as_of}
                for d in sorted(inputs.data, key=lambda d: (d.factor, d.unit))
            ],
        }
    )


def thaw(document: Mapping[str, Any]) -> Inputs:
    """Read frozen inputs back.

    Raises: Refused ALC-231, not a document of this format.
    """
    try:
        if document["format"] not in FORMATS.values():
            raise Refused("ALC-231", format=str(document["format"])[:60])
        given = [(d["factor"], d["unit"]) for d in document["data"]]
        if len(set(given)) != len(given):
            raise Refused("ALC-231", format="data")
        return Inputs(
            **{k: str(document[k]) for k in ("title", "document", "division", "made_on", "policy", "remark")},
            pool_fen=_whole(document["pool_fen"]),
            scheme=from_mapping(document["scheme"]),
            units=tuple(Unit(str(u["code"]), str(u["name"])) for u in document["units"]),
            data=tuple(Datum(**{k: str(d[k]) for k in Datum.__slots__}) for d in document["data"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Refused("ALC-231", format=type(fault).__name__) from fault


def result(outcome: Split, version: int = 1) -> dict[str, Any]:
    """Write a split as plain values: the part pools, and each unit's parts and whole.

    Version 2 names the reserve, fixed amounts and what bounds changed as well.
    """
    parts = {part.value: shares for part, shares in outcome.parts.items()}
    columns = {part.value: parts.get(part.value, {}) for part in Part}
    if version > 1:
        columns |= {"fixed": outcome.fixed, "adjusted": outcome.adjusted}
    return {
        "pool_fen": outcome.pool_fen,
        **({"reserve_fen": outcome.reserve_fen} if version > 1 else {}),
        "part_pools": {part.value: fen for part, fen in outcome.part_pools.items()},
        "shares": {
            unit: {**{name: column.get(unit, 0) for name, column in columns.items()}, "total": total}
            for unit, total in outcome.shares.items()
        },
    }


def export(frozen_text: str) -> str:
    """Write the one plain file anybody can check us with: inputs, their hash, the result."""
    document = json.loads(frozen_text)
    inputs = thaw(document)
    body = {
        "sha256": digest(frozen_text),
        "frozen": document,
        "result": result(inputs.split(), inputs.scheme.version),
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _plain(value: object) -> None:
    match value:
        case bool() | int() | str() | None:
            return
        case Mapping():
            for inner in value.values():
                _plain(inner)
        case list() | tuple():
            for inner in value:
                _plain(inner)
        case _:
            raise Refused("ALC-230", kind=type(value).__name__)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value > MOST:
        raise ValueError(value)
    return value
