"""The register's closed vocabularies; their titles are in `columns.zh.toml` and the catalogue."""

from __future__ import annotations

from enum import StrEnum


class Support(StrEnum):
    """How later-stage support reaches a household. Source: 国发〔2006〕17号."""

    CASH = "cash"
    PROJECT = "project"


class Relation(StrEnum):
    """How a person stands to the head of the household."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    CHILD_IN_LAW = "child_in_law"
    PARENT = "parent"
    GRANDCHILD = "grandchild"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    OTHER = "other"


class Household(StrEnum):
    """Whether a household is in force."""

    ACTIVE = "active"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What an import does with a household."""

    NEW = "new"
    UPDATE = "update"
    SAME = "same"
    BAD = "bad"


class Mode(StrEnum):
    """How a checked sheet is written."""

    ALL = "all"
    VALID = "valid"
