"""An annual plan is drafted by a clerk and approved by a leader, with a document number."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a plan."""

    DRAFT = "draft"
    APPROVED = "approved"


def in_order(row: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """A plan is approved only without problems, with its document, and not by who drafted it."""
    if facts["problems"]:
        raise Invalid(facts["problems"])
    if not facts["doc_no"]:
        raise Refused("PRJ-301", field="doc_no")
    if facts["approver"] == row["created_by"]:
        raise Refused("PRJ-304")


PLAN = machine("PLAN", S, S.DRAFT, (Arrow(S.DRAFT, "approve", S.APPROVED, P.APPROVE_PLAN, in_order),))
