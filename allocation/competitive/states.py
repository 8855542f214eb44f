"""The life of a round, and of one expert's review of one candidate, as data.

A review not opened, one abstained from and one scored are three states; a recused one is a fourth,
a void one (its expert was replaced) a fifth.
Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a round."""

    DRAFT = "draft"
    OPEN = "open"
    SCORING = "scoring"
    RANKED = "ranked"
    DECIDED = "decided"
    POSTED = "posted"
    AWARDED = "awarded"
    CANCELLED = "cancelled"


class R(StrEnum):
    """States of one review."""

    NOT_OPENED = "not_opened"
    OPENED = "opened"
    RECUSED = "recused"
    ABSTAINED = "abstained"
    SCORED = "scored"
    VOID = "void"


def has_reason(_row: Row, facts: Row) -> None:
    """Stepping back is always explained. Raises: Refused ALC-320."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("ALC-320", field="reason")


def all_in(_row: Row, facts: Row) -> None:
    """Scoring closes when nothing is waited for and every candidate has scores enough.

    Raises: Refused ALC-321 (reviews outstanding), ALC-322 (a candidate with too few scores).
    """
    if facts["waiting"]:
        raise Refused("ALC-321", waiting=facts["waiting"])
    if facts["thin"]:
        raise Refused("ALC-322", project=facts["thin"], fewest=facts["fewest"])


def notice_clear(_row: Row, facts: Row) -> None:
    """A result is approved when its notice is over and nothing said against it stands. Raises: Invalid."""
    if facts["problems"]:
        raise Invalid(facts["problems"])


def notice_over(row: Row, facts: Row) -> None:
    """A result is not sent back while its notice hangs. Raises: Refused ALC-320, ALC-378."""
    has_reason(row, facts)
    if facts["hangs"]:
        raise Refused("ALC-378")


ROUND = machine(
    "ROUND",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "publish", S.OPEN, P.PREPARE_ROUND),
        Arrow(S.OPEN, "start", S.SCORING, P.PREPARE_ROUND),
        Arrow(S.SCORING, "close", S.RANKED, P.PREPARE_ROUND, all_in),
        Arrow(S.RANKED, "decide", S.DECIDED, P.PREPARE_ROUND),
        Arrow(S.DECIDED, "post", S.POSTED, P.PREPARE_ROUND),
        Arrow(S.DECIDED, "reject", S.RANKED, P.APPROVE_ROUND, has_reason),
        Arrow(S.POSTED, "take_back", S.RANKED, P.PREPARE_ROUND, has_reason),
        Arrow(S.POSTED, "approve", S.AWARDED, P.APPROVE_ROUND, notice_clear),
        Arrow(S.POSTED, "reject", S.RANKED, P.APPROVE_ROUND, notice_over),
        Arrow(S.DRAFT, "cancel", S.CANCELLED, P.PREPARE_ROUND, has_reason),
        Arrow(S.OPEN, "cancel", S.CANCELLED, P.PREPARE_ROUND, has_reason),
        Arrow(S.SCORING, "cancel", S.CANCELLED, P.APPROVE_ROUND, has_reason),
    ),
)

REVIEW = machine(
    "REVIEW",
    R,
    R.NOT_OPENED,
    (
        Arrow(R.NOT_OPENED, "clear", R.OPENED, P.SCORE),
        Arrow(R.NOT_OPENED, "recuse", R.RECUSED, P.SCORE, has_reason),
        Arrow(R.OPENED, "recuse", R.RECUSED, P.SCORE, has_reason),
        Arrow(R.OPENED, "abstain", R.ABSTAINED, P.SCORE, has_reason),
        Arrow(R.OPENED, "score", R.SCORED, P.SCORE),
        *(Arrow(r, "impose", R.RECUSED, P.PREPARE_ROUND, has_reason) for r in (R.NOT_OPENED, R.OPENED, R.SCORED)),
        *(Arrow(r, "void", R.VOID, P.PREPARE_ROUND, has_reason) for r in R if r not in {R.RECUSED, R.VOID}),
    ),
)

OWN_IN = (R.SCORED, R.ABSTAINED)
"""States in which an expert's own word is in, so that the others' may be seen."""
