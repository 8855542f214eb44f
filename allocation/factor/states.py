"""The lives of the factor room: a scheme, a run frozen under a hash and approved by others, its notice.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class SchemeState(StrEnum):
    """States of a version of a scheme; once approved its body is never changed, only followed."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class NoticeState(StrEnum):
    """States of the notice of a run's result."""

    DRAFT = "draft"
    ISSUED = "issued"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ResultState(StrEnum):
    """States of a sheet of performance results; of one year one is in force."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class S(StrEnum):
    """States of a run."""

    DRAFT = "draft"
    FROZEN = "frozen"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


Row = Mapping[str, Any]


def is_whole(_row: Row, facts: Row) -> None:
    """Only inputs without a stopping finding are frozen, and only under their hash."""
    if not facts.get("sha256"):
        raise Refused("ALC-240")


def by_another(row: Row, facts: Row) -> None:
    """Whoever froze the inputs does not approve them."""
    if row["frozen_by"] is not None and row["frozen_by"] == facts.get("approver"):
        raise Refused("ALC-241")


def made_by_another(row: Row, facts: Row) -> None:
    """Whoever made a scheme, brought results in or drafted a notice does not sign it. Raises: Refused ALC-250."""
    if row["created_by"] is not None and row["created_by"] == facts.get("signer"):
        raise Refused("ALC-250")


def has_reason(_row: Row, facts: Row) -> None:
    """Taking a step back is always explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-242", field="reason")


RUN = machine(
    "FACTOR_RUN",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "freeze", S.FROZEN, P.PREPARE_FACTOR, is_whole),
        Arrow(S.FROZEN, "endorse", S.FROZEN, P.APPROVE_FACTOR, by_another),
        Arrow(S.FROZEN, "approve", S.APPROVED, P.APPROVE_FACTOR, by_another),
        Arrow(S.FROZEN, "reopen", S.DRAFT, P.PREPARE_FACTOR, has_reason),
        Arrow(S.FROZEN, "send_back", S.DRAFT, P.APPROVE_FACTOR, has_reason),
        Arrow(S.DRAFT, "cancel", S.CANCELLED, P.PREPARE_FACTOR, has_reason),
        Arrow(S.APPROVED, "revoke", S.REVOKED, P.APPROVE_FACTOR, has_reason),
    ),
)

SCHEME = machine(
    "FACTOR_SCHEME",
    SchemeState,
    SchemeState.DRAFT,
    (
        Arrow(SchemeState.DRAFT, "approve", SchemeState.APPROVED, P.APPROVE_FACTOR, made_by_another),
        Arrow(SchemeState.DRAFT, "discard", SchemeState.DISCARDED, P.PREPARE_FACTOR, has_reason),
        Arrow(SchemeState.DRAFT, "refuse", SchemeState.DISCARDED, P.APPROVE_FACTOR, has_reason),
        Arrow(SchemeState.APPROVED, "supersede", SchemeState.SUPERSEDED, P.APPROVE_FACTOR),
        Arrow(SchemeState.APPROVED, "retire", SchemeState.SUPERSEDED, P.APPROVE_FACTOR, has_reason),
    ),
)

NOTICE = machine(
    "FACTOR_NOTICE",
    NoticeState,
    NoticeState.DRAFT,
    (
        Arrow(NoticeState.DRAFT, "issue", NoticeState.ISSUED, P.APPROVE_FACTOR, made_by_another),
        Arrow(NoticeState.DRAFT, "withdraw", NoticeState.WITHDRAWN, P.PREPARE_FACTOR, has_reason),
        Arrow(NoticeState.DRAFT, "lapse", NoticeState.WITHDRAWN, P.APPROVE_FACTOR, has_reason),
        Arrow(NoticeState.ISSUED, "publish", NoticeState.PUBLISHED, P.PREPARE_FACTOR),
        Arrow(NoticeState.ISSUED, "withdraw", NoticeState.WITHDRAWN, P.APPROVE_FACTOR, has_reason),
        Arrow(NoticeState.PUBLISHED, "withdraw", NoticeState.WITHDRAWN, P.APPROVE_FACTOR, has_reason),
    ),
)

RESULTS = machine(
    "FACTOR_RESULTS",
    ResultState,
    ResultState.DRAFT,
    (
        Arrow(ResultState.DRAFT, "confirm", ResultState.CONFIRMED, P.APPROVE_FACTOR, made_by_another),
        Arrow(ResultState.DRAFT, "discard", ResultState.DISCARDED, P.PREPARE_FACTOR, has_reason),
        Arrow(ResultState.DRAFT, "refuse", ResultState.DISCARDED, P.APPROVE_FACTOR, has_reason),
        Arrow(ResultState.CONFIRMED, "supersede", ResultState.SUPERSEDED, P.APPROVE_FACTOR),
        Arrow(ResultState.CONFIRMED, "withdraw", ResultState.SUPERSEDED, P.APPROVE_FACTOR, has_reason),
    ),
)
