"""Which role may do what: read from every package's `permissions.py`, in one table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

_GRANTS: dict[str, set[str]] = defaultdict(set)
_KNOWN: set[str] = set()


def grant(permissions: type[StrEnum], grants: Mapping[Any, tuple[str, ...]]) -> None:
    """Add a package's permissions and who holds them."""
    _KNOWN.update(str(p) for p in permissions)
    for role, held in grants.items():
        _GRANTS[str(role)].update(str(p) for p in held)


def permissions_of(role: str) -> frozenset[str]:
    """All permissions of a role."""
    return frozenset(_GRANTS.get(role, ()))


def known() -> frozenset[str]:
    """Every permission that exists."""
    return frozenset(_KNOWN)


def table() -> dict[str, frozenset[str]]:
    """Role to permissions, for the docs and the route test."""
    return {role: frozenset(held) for role, held in sorted(_GRANTS.items())}
