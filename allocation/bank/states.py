"""Three small lives: an account to pay to, a file for the bank, a file from the bank."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class Payee(StrEnum):
    """States of an account."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    RETIRED = "retired"


class File(StrEnum):
    """States of a file for the bank."""

    DRAFT = "draft"
    RELEASED = "released"
    DONE = "done"
    CANCELLED = "cancelled"


class Answer(StrEnum):
    """States of a file from the bank."""

    CHECKED = "checked"
    APPLIED = "applied"
    DISCARDED = "discarded"


def another_hand(row: Row, facts: Row) -> None:
    """Whoever typed it does not confirm it. Raises: Refused ALC-501."""
    first = row.get("prepared_by", row.get("proposed_by"))
    if first is not None and first == facts.get("by"):
        raise Refused("ALC-501")


PAYEE = machine(
    "PAYEE",
    Payee,
    Payee.PROPOSED,
    (
        Arrow(Payee.PROPOSED, "confirm", Payee.CONFIRMED, P.CONFIRM_PAYEE, another_hand),
        Arrow(Payee.PROPOSED, "retire", Payee.RETIRED, P.PROPOSE_PAYEE),
        Arrow(Payee.CONFIRMED, "retire", Payee.RETIRED, P.CONFIRM_PAYEE),
    ),
)
BANK_BATCH = machine(
    "BANK_BATCH",
    File,
    File.DRAFT,
    (
        Arrow(File.DRAFT, "release", File.RELEASED, P.RELEASE_BANK, another_hand),
        Arrow(File.DRAFT, "cancel", File.CANCELLED, P.PREPARE_BANK),
        Arrow(File.RELEASED, "finish", File.DONE, P.RECONCILE),
    ),
)
BANK_STATEMENT = machine(
    "BANK_STATEMENT",
    Answer,
    Answer.CHECKED,
    (
        Arrow(Answer.CHECKED, "apply", Answer.APPLIED, P.RECONCILE),
        Arrow(Answer.CHECKED, "discard", Answer.DISCARDED, P.RECONCILE),
    ),
)
