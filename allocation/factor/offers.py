"""Where factor values can be taken from: counts of the register, and what upper packages offer.

A factor of the pack names its offer (`offered = "migrants"`). Packages above allocation, such as the
evaluation of performance, say once what they can give:
`offer("performance", latest_scores)`; nothing here knows them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

REGISTER = ("migrants", "members", "households", "low_income", "cash_migrants")


@dataclass(frozen=True, slots=True)
class Offered:
    """One column of values. Shape: {unit code: the value as written}; units without one are left out."""

    values: Mapping[str, str]
    source: str
    as_of: date


Offer = Callable[[Tx, Sequence[str]], Awaitable[Offered | None]]
OFFERS: dict[str, Offer] = {}


def offer(name: str, given: Offer) -> None:
    """Say where the values of factors that name this offer come from; None means nothing to give yet."""
    OFFERS[name] = given


async def offered(tx: Tx, wanted: Mapping[str, str], codes: Sequence[str]) -> dict[str, Offered]:
    """Gather what is offered for factors. Shape: wanted {factor key: name of its offer}; {factor key: column}.

    The register is asked once, however many factors it fills.
    """
    found: dict[str, Offered] = {}
    counts = await register.counts(tx, codes) if set(wanted.values()) & set(REGISTER) else {}
    for key, name in wanted.items():
        if name in REGISTER:
            column = {code: str(counts[code][name]) for code in codes}
            found[key] = Offered(column, CATALOGUE.text("factor.register_source"), tx.today)
        elif name in OFFERS and (given := await OFFERS[name](tx, codes)) is not None:
            found[key] = given
    return found
