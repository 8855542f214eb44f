"""The composition root's lists: who may do what, who hears what, what stands on whose home page.

Packages know only what lies below them; whatever must go upwards is tied here and nowhere else.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from litestar import Router

import quzhou_migrants.accounts.functions  # noqa: F401 - declares its SQL functions
from quzhou_migrants.accounts.permissions import GRANTS, P
from quzhou_migrants.kernel.chores import CHORES
from quzhou_migrants.kernel.events import subscribe
from quzhou_migrants.kernel.permissions import grant
from quzhou_migrants.piccolo_app import APP_CONFIG as PLATFORM_APP

PACKAGES = (
    "quzhou_migrants.accounts",
    "quzhou_migrants.register",
    "quzhou_migrants.policy",
    "quzhou_migrants.web",
    "projects",
    "allocation",
    "inspection",
    "surveys",
)


def _part(package: str, name: str) -> ModuleType | None:
    return import_module(f"{package}.{name}") if find_spec(f"{package}.{name}") else None


def _gather(name: str) -> list[Any]:
    """Collect one list (ROUTES, PANELS, …) from every package's `routes.py`."""
    parts = [_part(package, "routes") for package in PACKAGES]
    return [entry for part in parts if part for entry in getattr(part, name, ())]


for _package in ("quzhou_migrants.register", "projects", "allocation", "inspection", "surveys"):
    if _found := _part(_package, "permissions"):
        grant(_found.P, _found.GRANTS)
    _part(_package, "piccolo_app")
grant(P, GRANTS)


def _described(routes: list[Any]) -> list[Any]:
    """Gather what programs use under one router, so that the interface description names it and no page."""
    api = [r for r in routes if _paths(r) and all(path.startswith("/api/v1") for path in _paths(r))]
    pages = [r for r in routes if r not in api]
    return [*pages, Router("/", route_handlers=api, include_in_schema=True)]


def _paths(route: Any) -> set[str]:  # noqa: ANN401 - a router or a handler
    return {route.path} if isinstance(route, Router) else set(getattr(route, "paths", ()))


ROUTES = _described(_gather("ROUTES"))
"""Route handlers of every room."""
PANELS = _gather("PANELS")
"""async waiting(tx) -> list[Task]: what stands on a person's home page."""
PROJECT_PANELS = _gather("PROJECT_PANELS")
"""async panel(tx, project) -> html template and context, shown on a project's page."""
JOBS = [*CHORES, *_gather("JOBS")]
"""Scheduled work."""
NAVIGATION = _gather("NAVIGATION")
"""Entries of the side navigation."""
VERIFIERS = _gather("VERIFIERS")
"""async verify(conn) -> list[str]: sums that must close, run by `verify` after the chain."""
ENGAGEABLE = _gather("ENGAGEABLE")
"""async find(tx) -> [{key: "table:id", title, role}]: objects an outsider may be engaged for."""
for _kind, _handler in _gather("HEARS"):
    subscribe(_kind, _handler)

__all__ = ["ENGAGEABLE", "JOBS", "NAVIGATION", "PANELS", "PLATFORM_APP", "PROJECT_PANELS", "ROUTES", "VERIFIERS"]
