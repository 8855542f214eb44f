"""The two machines of the register: a household in force, and a sheet on its way in."""

from __future__ import annotations

from enum import StrEnum

from quzhou_migrants.kernel.states import Arrow, machine
from quzhou_migrants.register.permissions import P
from quzhou_migrants.register.words import Household


class Sheet(StrEnum):
    """Where an import stands."""

    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    DISCARDED = "discarded"


HOUSEHOLD = machine(
    "register.household", Household, Household.ACTIVE,
    (
        Arrow(Household.ACTIVE, "close", Household.CLOSED, P.EDIT),
        Arrow(Household.CLOSED, "reopen", Household.ACTIVE, P.EDIT),
    ),
)  # fmt: skip

IMPORT = machine(
    "register.import", Sheet, Sheet.CHECKING,
    (
        Arrow(Sheet.CHECKING, "checked", Sheet.CHECKED, P.IMPORT),
        Arrow(Sheet.CHECKED, "apply", Sheet.APPLYING, P.IMPORT),
        Arrow(Sheet.CHECKED, "recheck", Sheet.CHECKING, P.IMPORT),
        Arrow(Sheet.APPLYING, "applied", Sheet.APPLIED, P.IMPORT),
        Arrow(Sheet.APPLYING, "recheck", Sheet.CHECKING, P.IMPORT),
        Arrow(Sheet.CHECKING, "discard", Sheet.DISCARDED, P.IMPORT),
        Arrow(Sheet.CHECKED, "discard", Sheet.DISCARDED, P.IMPORT),
    ),
)  # fmt: skip
