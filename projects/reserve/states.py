"""The small machines of review: a batch of decisions, an appeal, a township's order, a filing to the city."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class BatchState(StrEnum):
    """States of a batch of decisions."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class AppealState(StrEnum):
    """States of an appeal."""

    FILED = "filed"
    GRANTED = "granted"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


class QuotaState(StrEnum):
    """States of a township's order."""

    ORDERING = "ordering"
    FILED = "filed"


class FilingState(StrEnum):
    """States of a reserve filed to the city."""

    FILED = "filed"
    ASKED = "asked"
    NOTED = "noted"


def has_reason(_row: Row, facts: Row) -> None:
    """A decision says why."""
    if not facts.get("reason"):
        raise Refused("PRJ-205")


def whole_order(_row: Row, facts: Row) -> None:
    """An order is handed in with every application of the window in it."""
    if facts.get("missing"):
        raise Refused("PRJ-223", count=facts["missing"])


BATCH = machine(
    "REVIEW_BATCH",
    BatchState,
    BatchState.RUNNING,
    (
        Arrow(BatchState.RUNNING, "finish", BatchState.DONE, P.VIEW),
        Arrow(BatchState.RUNNING, "stop", BatchState.STOPPED, P.VIEW),
    ),
)
APPEAL = machine(
    "APPEAL",
    AppealState,
    AppealState.FILED,
    (
        Arrow(AppealState.FILED, "grant", AppealState.GRANTED, P.DECIDE_APPEAL, has_reason),
        Arrow(AppealState.FILED, "uphold", AppealState.UPHELD, P.DECIDE_APPEAL, has_reason),
        Arrow(AppealState.FILED, "withdraw", AppealState.WITHDRAWN, P.SUBMIT),
    ),
)
QUOTA = machine(
    "QUOTA",
    QuotaState,
    QuotaState.ORDERING,
    (
        Arrow(QuotaState.ORDERING, "file", QuotaState.FILED, P.RANK, whole_order),
        Arrow(QuotaState.FILED, "reopen", QuotaState.ORDERING, P.ADMIT, has_reason),
    ),
)
FILING = machine(
    "FILING",
    FilingState,
    FilingState.FILED,
    (
        Arrow(FilingState.FILED, "ask", FilingState.ASKED, P.REMARK, has_reason),
        Arrow(FilingState.ASKED, "answer", FilingState.FILED, P.ADMIT, has_reason),
        Arrow(FilingState.FILED, "note", FilingState.NOTED, P.REMARK),
    ),
)
