"""The composition root's lists: who may do what, who hears what, what stands on whose home page.

Packages know only what lies below them; whatever must go upwards is tied here and nowhere else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from litestar import Router

import quzhou_migrants.accounts.functions  # noqa: F401 - declares its SQL functions
from allocation import permissions as allocation_permissions
from allocation import routes as allocation
from allocation.table_modules import TABLES as ALLOCATION_TABLES
from inspection import permissions as inspection_permissions
from inspection import routes as inspection
from inspection.table_modules import TABLES as INSPECTION_TABLES
from projects import permissions as projects_permissions
from projects import routes as projects
from projects.table_modules import TABLES as PROJECTS_TABLES
from quzhou_migrants.accounts import permissions as accounts_permissions
from quzhou_migrants.accounts import routes as accounts
from quzhou_migrants.kernel.chores import CHORES
from quzhou_migrants.kernel.events import subscribe
from quzhou_migrants.kernel.permissions import grant
from quzhou_migrants.policy import routes as policy
from quzhou_migrants.register import permissions as register_permissions
from quzhou_migrants.register import routes as register
from quzhou_migrants.table_modules import TABLES as PLATFORM_TABLES
from quzhou_migrants.web import routes as web
from surveys import permissions as surveys_permissions
from surveys import routes as surveys
from surveys.table_modules import TABLES as SURVEYS_TABLES

ROOMS = (accounts, register, policy, web, projects, allocation, inspection, surveys)
PERMISSIONS = (
    accounts_permissions, register_permissions, projects_permissions, allocation_permissions,
    inspection_permissions, surveys_permissions,
)  # fmt: skip
TABLES = (*PLATFORM_TABLES, *PROJECTS_TABLES, *ALLOCATION_TABLES, *INSPECTION_TABLES, *SURVEYS_TABLES)

for _table_module in TABLES:  # a table that no page names is walled, logged and sealed like every other
    import_module(_table_module)
for _package in PERMISSIONS:
    grant(_package.P, _package.GRANTS)


def _gather(name: str) -> list[Any]:
    """Collect one list (ROUTES, PANELS, …) from every package's `routes.py`."""
    return [entry for room in ROOMS for entry in getattr(room, name, ())]


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
PROJECT_FILES = _gather("PROJECT_FILES")
"""async further(tx, project_id) -> [(table, id)]: rows of other packages whose files belong to a project."""
JOBS = [*CHORES, *_gather("JOBS")]
"""Scheduled work."""
VERIFIERS = _gather("VERIFIERS")
"""async verify(conn) -> list[str]: sums that must close, run by `verify` after the chain."""
for _kind, _handler in _gather("HEARS"):
    subscribe(_kind, _handler)

__all__ = ["JOBS", "PANELS", "PROJECT_FILES", "PROJECT_PANELS", "ROUTES", "VERIFIERS"]
