"""A scheme of the factor method as data: factors, weights, parts, rounding.

Weights are basis points of the whole pool, as published tables write them (65 : 20 : 15); the
base and performance shares are declared beside them and must tie.
Source: 衢政办发〔2016〕65号 二(三)1 (base share and performance share by a set ratio)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.money import BY_REMAINDER, TO_LARGEST, Mode, Rounding

WHOLE = 10_000  # basis points in one whole


class Part(StrEnum):
    """The two parts of factor money."""

    BASE = "base"
    PERFORMANCE = "performance"


class Form(StrEnum):
    """How a value becomes strength: more gives more, or less gives more."""

    DIRECT = "direct"
    INVERSE = "inverse"


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor. `times` names a factor whose value multiplies this one (score x migrants).

    `places` is how many decimals a value may have; `least` and `most` are its bounds as text.
    """

    key: str
    title: str
    unit: str
    part: Part
    weight_bp: int
    form: Form = Form.DIRECT
    times: str = ""
    places: int = 0
    least: str = "0"
    most: str = ""
    source: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything a split needs besides pool and data.

    `inverse_places` is how many decimals the coefficient of an inverse factor keeps (the smallest
    value divided by one's own, half up): the same figure a pocket calculator gives.
    """

    title: str
    base_bp: int
    performance_bp: int
    factors: tuple[Factor, ...]
    rounding: Rounding
    inverse_places: int = 8

    def part(self, part: Part) -> tuple[Factor, ...]:
        """Give the factors of one part that carry weight."""
        return tuple(f for f in self.factors if f.part is part and f.weight_bp)

    def share_bp(self, part: Part) -> int:
        """Give the declared share of one part."""
        return self.base_bp if part is Part.BASE else self.performance_bp


def to_mapping(scheme: Scheme) -> dict[str, Any]:
    """Write a scheme as plain JSON values."""
    return asdict(scheme)


def from_mapping(raw: Mapping[str, Any]) -> Scheme:
    """Read a scheme back from plain JSON values.

    Raises: KeyError, TypeError, ValueError when something is missing or of the wrong kind.
    """
    factors = tuple(Factor(**{**f, "part": Part(f["part"]), "form": Form(f["form"])}) for f in raw["factors"])
    rounding = raw["rounding"]
    return Scheme(
        title=str(raw["title"]),
        base_bp=int(raw["base_bp"]),
        performance_bp=int(raw["performance_bp"]),
        factors=factors,
        rounding=Rounding(Mode(rounding["mode"]), int(rounding["unit_fen"]), str(rounding["residual"])),
        inverse_places=int(raw["inverse_places"]),
    )


def faults(scheme: Scheme, units: tuple[str, ...]) -> list[Finding]:
    """Find what makes a scheme unusable: weights that do not add up, parts that do not tie.

    Codes: ALC-201 (weights), ALC-202 (a part), ALC-203 (a factor named twice or multiplied by an
    unknown one), ALC-204 (residual party), ALC-205 (a weight or unit below zero).
    """
    found: list[Finding] = []
    total = sum(f.weight_bp for f in scheme.factors)
    if total != WHOLE or scheme.base_bp + scheme.performance_bp != WHOLE:
        found.append(Finding("ALC-201", scheme.title, {"total": total}))
    for part in Part:
        weights = sum(f.weight_bp for f in scheme.factors if f.part is part)
        if weights != scheme.share_bp(part):
            facts = {"part": part.value, "weights": weights, "share": scheme.share_bp(part)}
            found.append(Finding("ALC-202", part.value, facts))
    keys = [f.key for f in scheme.factors]
    found += [
        Finding("ALC-203", f.key, {"factor": f.title})
        for f in scheme.factors
        if keys.count(f.key) > 1 or (f.times and f.times not in keys)
    ]
    residual = scheme.rounding.residual
    if residual not in {BY_REMAINDER, TO_LARGEST, *units}:
        found.append(Finding("ALC-204", residual, {"party": residual}))
    if scheme.rounding.unit_fen < 1 or any(f.weight_bp < 0 for f in scheme.factors):
        found.append(Finding("ALC-205", scheme.title))
    return found
