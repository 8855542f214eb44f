"""The life of a ranking scheme, and of a ranking made by it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class SchemeState(StrEnum):
    """States of a scheme: once published it is never changed, only followed by the next version."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class RankingState(StrEnum):
    """States of a ranking."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


def is_whole(_row: Row, facts: Row) -> None:
    """A scheme is published when its weights tie, under a document."""
    if facts["problems"]:
        raise Invalid(facts["problems"])
    if not facts.get("doc_no"):
        raise Refused("PRJ-256", field="doc_no")


def by_another(row: Row, facts: Row) -> None:
    """Whoever made a ranking, and may have moved projects in it, does not publish it."""
    if row["created_by"] is not None and row["created_by"] == facts.get("publisher"):
        raise Refused("PRJ-257")


SCHEME = machine(
    "RANKING_SCHEME",
    SchemeState,
    SchemeState.DRAFT,
    (
        Arrow(SchemeState.DRAFT, "publish", SchemeState.PUBLISHED, P.PUBLISH_RANKING, is_whole),
        Arrow(SchemeState.DRAFT, "discard", SchemeState.DISCARDED, P.RANK_RESERVE),
        Arrow(SchemeState.PUBLISHED, "supersede", SchemeState.SUPERSEDED, P.PUBLISH_RANKING),
    ),
)

RANKING = machine(
    "RANKING",
    RankingState,
    RankingState.DRAFT,
    (
        Arrow(RankingState.DRAFT, "publish", RankingState.PUBLISHED, P.PUBLISH_RANKING, by_another),
        Arrow(RankingState.DRAFT, "discard", RankingState.DISCARDED, P.RANK_RESERVE),
        Arrow(RankingState.PUBLISHED, "supersede", RankingState.SUPERSEDED, P.PUBLISH_RANKING),
    ),
)
