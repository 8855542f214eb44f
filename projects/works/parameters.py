"""The parameters of the works, as the packs give them on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from projects.rules import Bound
from projects.works.rules import Duties
from projects.works.schedule import Limits
from projects.works.tender import Kind, Terms
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.tx import installed_packs

ROOM = "projects.works."


def bound(policy: Policies, name: str) -> Bound[Any]:
    """Give one parameter of the room with its clause."""
    param = policy.param(ROOM + name)
    return Bound(param.value, param.source, param.confirmed)


def terms_on(day: date, division_code: str, kind: Kind) -> Terms:
    """Give the rules of procurement in force on the day of the opening.

    Raises: Refused POL-120, no rule in force on that day.
    """
    policy = installed_packs().at(day, division_code)
    return Terms(
        tender_fen=bound(policy, f"tender_{kind}_fen"),
        public_fen=bound(policy, "tender_public_fen"),
        public_bp=bound(policy, "tender_public_bp"),
        ways=bound(policy, "ways"),
        bids_from_fen=bound(policy, "bids_from_fen"),
        least_bidders=bound(policy, "least_bidders"),
        least_quotes=bound(policy, "least_quotes"),
        bid_bond_bp=bound(policy, "bid_bond_bp"),
    )


def duties_on(day: date, division_code: str) -> Duties:
    """Give what binds the parties of a contract signed on a day. Raises: Refused POL-120."""
    policy = installed_packs().at(day, division_code)
    return Duties(
        bound(policy, "supervision_fen"),
        bound(policy, "supervision_underground_fen"),
        bound(policy, "performance_bond_bp"),
    )


def limits(policy: Policies) -> Limits:
    """Give from when on works are late."""
    names = ("delay_warn_bp", "delay_alarm_bp", "start_grace_days", "quiet_days")
    return Limits(*(policy.whole(ROOM + name) for name in names))
