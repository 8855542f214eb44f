"""One line for every answered request: what, how it ended, how long it took. Never what was searched or typed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from litestar.enums import ScopeType

from quzhou_migrants.kernel.logs import Lines

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

LINES = Lines("access")
SILENT = ("/static/", "/health", "/ready")


class AccessLog:
    """Wraps the whole application, so that answers no handler ever saw are written too."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; write a line for what a person asked."""
        if scope["type"] == ScopeType.HTTP and not scope["path"].startswith(SILENT):
            await self._note(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _note(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        # Query strings may hold names and numbers and stay out.
        started, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            state = scope.get("state") or {}
            actor = state.get("actor")
            LINES.write(
                "request",
                typed={"path": scope["path"]},
                method=str(scope["method"]),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=state.get("request_id", ""),
                user=actor.user_id if actor else None,
            )
