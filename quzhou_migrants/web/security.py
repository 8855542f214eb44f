"""What every answer carries and every write must show: strict headers, and proof that it comes from our own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.datastructures import Headers
from litestar.enums import ScopeType

from quzhou_migrants.kernel.errors import Refused

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

SAFE_BODY = 2 * 1024 * 1024
"""Bytes a form may have; routes that take files state their own limit."""
UPLOAD_BODY = 32 * 1024 * 1024
"""Bytes a form with files may have."""

READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_HSTS = (b"strict-transport-security", b"max-age=31536000")


async def secure_headers(message: Message, scope: Scope) -> None:
    """Put the headers on every answer, those of errors too, which no middleware would see."""
    if message["type"] != "http.response.start":
        return
    present = message.setdefault("headers", [])
    given = {name.lower() for name, _ in present}
    added = [*_RAW, _HSTS] if scope["scheme"] == "https" else [*_RAW]
    if request_id := scope.get("state", {}).get("request_id"):
        added.append((b"x-request-id", str(request_id).encode()))
    message["headers"] = [*present, *(header for header in added if header[0] not in given)]


def from_our_own_page(headers: Headers, host: str) -> bool:
    """Tell whether a write was sent by a page of this site, or by a program that is no browser.

    A browser says where a request comes from (Sec-Fetch-Site, else Origin) and a page cannot
    change what it says; a program that says neither carries no cookies of somebody else's browser.
    """
    site = headers.get("sec-fetch-site", "")
    if site:
        return site in {"same-origin", "none"}
    origin = headers.get("origin", "")
    return not origin or origin.partition("://")[2] == host


class Protect:
    """ASGI middleware: refuses writes that another site makes a browser send. See ADR on cross-origin writes."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let reads pass; check writes before anything of the body is read.

        Raises: Refused WEB-403.
        """
        if scope["type"] == ScopeType.HTTP and str(scope["method"]) not in READS:
            headers = Headers.from_scope(scope)
            if not from_our_own_page(headers, headers.get("host", "")):
                raise Refused("WEB-403")
        await self.app(scope, receive, send)
