"""What every request passes: a request id, the person behind the cookie, the recorded refusal."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import asyncpg
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType

from quzhou_migrants.accounts.keys import identify_key
from quzhou_migrants.accounts.sessions import COOKIE, identify
from quzhou_migrants.kernel.db import ENGINE

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

    from quzhou_migrants.kernel.actor import Actor

OPEN_PATHS = ("/static/", "/health", "/ready")
FOR_PROGRAMS = "/api/v1/"
_BEARER = "bearer "
_FRAME = """
SELECT EXISTS (SELECT 1 FROM kernel_setting WHERE key = 'demo') AS demo,
  (SELECT value->>'shift_seconds' FROM kernel_setting WHERE key = 'business_clock') AS shift
"""
_GIVEN_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")


class Identify:
    """ASGI middleware: puts `request_id`, `actor`, `clock_shift` and `demo` into the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, with one query, unless the path is open to all.

        Raises: Refused ACC-145, ACC-146 for a program's key.
        """
        if scope["type"] == ScopeType.HTTP:
            await find_out(scope)
        await self.app(scope, receive, send)


async def find_out(scope: HTTPScope) -> None:
    """Put into the request's state who asks. Raises: Refused ACC-145, ACC-146 for a program's key."""
    headers, state, path = dict(scope["headers"]), scope["state"], scope["path"]
    state["request_id"] = _request_id(headers)
    state["actor"] = None
    state["clock_shift"], state["demo"] = 0.0, False
    if path.startswith(OPEN_PATHS):
        return
    if (token := _token(scope)) and (found := await identify(token)):
        state["actor"], state["clock_shift"] = found
    elif path.startswith(FOR_PROGRAMS) and not token and (key := _key(headers)):
        state["actor"], state["clock_shift"] = await identify_key(key)
    elif not path.startswith(FOR_PROGRAMS):
        state["demo"], state["clock_shift"] = await _for_everybody()


async def _for_everybody() -> tuple[bool, float]:
    """Tell what the frame of a page without sign-in says: whether all of it is invented, and the shift of the clock."""
    if ENGINE.pool is None:
        return False, 0.0
    try:
        row = await ENGINE.pool.fetchrow(_FRAME)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False, 0.0  # a database that is away is told by what the page itself wants to read
    return row["demo"], float(row["shift"] or 0)


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _token(scope: Scope) -> str:
    # The standard library's reader drops every cookie when one of a neighbouring program is odd.
    return ASGIConnection(scope).cookies.get(COOKIE, "")


def _key(headers: dict[bytes, bytes]) -> str:
    """Give the API key of a program: `Authorization: Bearer qm_…`, on its own paths only."""
    given = headers.get(b"authorization", b"").decode("latin-1")
    return given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else ""


async def record_refusal(actor: Actor | None, code: str, path: str, request_id: str) -> None:
    """Write down that access was refused; its own statement, so it stays whatever rolled back."""
    if ENGINE.pool is None:
        return
    await ENGINE.pool.execute(
        "INSERT INTO kernel_refusal (at, actor_id, actor_name, post_id, code, path, request_id)"
        " VALUES (now(), $1, $2, $3, $4, $5, $6)",
        actor.user_id if actor else None,
        actor.name if actor else "",
        actor.post_id if actor else None,
        code,
        path[:2000],
        request_id,
    )
