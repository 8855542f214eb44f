"""The life of a change order: proposed by who builds, passed by the township, decided by the county.

Source: 政府投资条例 第二十一、二十三条 (what was approved changes only by who approved it)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a change order."""

    PROPOSED = "proposed"
    PASSED = "passed"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


OPEN = (S.PROPOSED, S.PASSED, S.RETURNED)
Row = Mapping[str, Any]


def has_opinion(_row: Row, facts: Row) -> None:
    """Who sends back or refuses says why."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("PRJ-482", field="opinion")


def has_document(row: Row, facts: Row) -> None:
    """What the original approver approves carries a document number, and is somebody else's proposal."""
    is_another(row, facts)
    if not str(facts.get("doc_no") or "").strip():
        raise Refused("PRJ-484", field="doc_no")


def is_minor(row: Row, facts: Row) -> None:
    """Only a small extension of time is decided below the leader, and by somebody else than who asked for it."""
    is_another(row, facts)
    if not row["minor"]:
        raise Refused("PRJ-479")


def is_another(row: Row, facts: Row) -> None:
    """Nobody passes on or approves what they proposed themselves."""
    if facts.get("actor") is not None and facts["actor"] == row["proposed_by"]:
        raise Refused("PRJ-478")


CHANGE = machine(
    "CHANGE",
    S,
    S.PROPOSED,
    (
        Arrow(S.PROPOSED, "pass", S.PASSED, P.CHECK, is_another),
        Arrow(S.PROPOSED, "return", S.RETURNED, P.CHECK, has_opinion),
        Arrow(S.PROPOSED, "withdraw", S.WITHDRAWN, P.BUILD),
        Arrow(S.RETURNED, "propose", S.PROPOSED, P.BUILD),
        Arrow(S.RETURNED, "withdraw", S.WITHDRAWN, P.BUILD),
        Arrow(S.PASSED, "approve_minor", S.APPROVED, P.ADMIT, is_minor),
        Arrow(S.PASSED, "approve", S.APPROVED, P.APPROVE_CHANGE, has_document),
        Arrow(S.PASSED, "send_back", S.RETURNED, P.APPROVE_CHANGE, has_opinion),
        Arrow(S.PASSED, "refuse", S.REFUSED, P.APPROVE_CHANGE, has_opinion),
    ),
)
