"""Where the object of a notice is shown: our own, and what upper packages put before the public."""

from __future__ import annotations

_SHOWN = {"projects_project": "/projects/{}", "projects_plan": "/plan/{}"}


def shown_at(table: str, address: str) -> None:
    """Say where the rows of a table are shown. Shape: an address with one {} for the row's id."""
    _SHOWN[table] = address


def address_of(table: str, key: int) -> str:
    """Give where an object is shown; empty when nobody said."""
    return _SHOWN.get(table, "").format(key)
