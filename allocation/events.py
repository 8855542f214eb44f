"""Facts about money that other packages may hear."""

from __future__ import annotations

from dataclasses import dataclass

from quzhou_migrants.kernel.money import Fen


@dataclass(frozen=True, slots=True)
class Awarded:
    """A project was granted money. `source` is factor, round or plan; division_code is the village."""

    project_id: int
    amount_fen: Fen
    division_code: str
    source: str


@dataclass(frozen=True, slots=True)
class Paid:
    """Money of a claim left the account."""

    project_id: int
    amount_fen: Fen
    division_code: str
