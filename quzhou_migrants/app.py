"""The composition root: one Litestar application out of every room's routes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from quzhou_migrants import wiring
from quzhou_migrants.database import addresses
from quzhou_migrants.kernel import lifeline, logs, memory
from quzhou_migrants.kernel import pool as heavy
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.guards import default_deny
from quzhou_migrants.settings import Settings, load
from quzhou_migrants.web.access_log import AccessLog
from quzhou_migrants.web.errors import EXCEPTION_HANDLERS
from quzhou_migrants.web.framework import HeadAsGet, forget_forms
from quzhou_migrants.web.middleware import Identify
from quzhou_migrants.web.openapi import OPENAPI
from quzhou_migrants.web.parking import keep_what_was_sent
from quzhou_migrants.web.security import SAFE_BODY, Protect, secure_headers

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(settings: Settings | None = None, *, app_dsn: str | None = None) -> Litestar:
    """Build the application; `app_dsn` names a database that is already there (tests)."""
    chosen = settings or load(os.environ)
    forget_forms()
    return Litestar(
        route_handlers=wiring.ROUTES,
        guards=[admit],
        middleware=[Identify, Protect],
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[secure_headers],
        lifespan=[_lifespan(chosen, app_dsn)],
        openapi_config=OPENAPI,
        include_in_schema=False,  # pages are for people; routers of /api/v1 say otherwise
        request_max_body_size=SAFE_BODY,
        logging_config=None,  # kernel.logs has configured logging; Litestar would do it over
        state=State(
            {
                "settings": chosen,
                "panels": wiring.PANELS,
                "project_panels": wiring.PROJECT_PANELS,
                "project_files": wiring.PROJECT_FILES,
            }
        ),
    )


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Keep what a visitor sent whose session ended, then let in or refuse.

    One guard for both: the framework copies the handler for every guard of every request.
    """
    await keep_what_was_sent(connection, handler)
    await default_deny(connection, handler)


def _lifespan(settings: Settings, app_dsn: str | None) -> Lifespan:
    @asynccontextmanager
    async def run(_app: Litestar) -> AsyncIterator[None]:
        found = None if app_dsn else addresses(settings)
        ENGINE.configure(app_dsn or (found.app if found else ""))
        await open_pool(size=settings.pool_size)
        try:
            yield
        finally:
            await close_pool()
            heavy.close()
            if found and found.server:
                found.server.release()

    return run


def application() -> Any:  # noqa: ANN401 - what an ASGI server asks for
    """Factory for the server's workers."""
    settings = load(os.environ)
    logs.configure(settings.log_level)
    lifeline.hold()
    app = AccessLog(HeadAsGet(create_app(settings)))
    memory.settle()
    return app
