"""How many people approve a run, one after another, by the money it shares out."""

from __future__ import annotations

from collections.abc import Sequence

from quzhou_migrants.kernel.money import Fen


def levels(pool_fen: Fen, amounts: Sequence[Fen]) -> int:
    """Count the approvals a pool needs: one for every amount of the pack that it reaches, never fewer than one.

    Units: fen.
    """
    return max(1, sum(pool_fen >= amount for amount in amounts))
