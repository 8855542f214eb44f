"""Where the web framework does what we may not: corrected once, here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request
from litestar._parsers import parse_url_encoded_form_data
from litestar.connection import request
from litestar.datastructures import FormMultiDict
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import ClientException

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send


def forget_forms() -> None:
    """Read a form without keeping it.

    The framework keeps the last 1,024 bodies as keys of a cache: passwords and numbers of people in
    memory, and two gigabytes of it for whoever sends large forms, signed in or not.
    """
    request.parse_url_encoded_form_data = parse_url_encoded_form_data.__wrapped__  # type: ignore[attr-defined, assignment]  # its cache


async def form_of(sent: Request[Any, Any, Any]) -> FormMultiDict:
    """Read what was sent as a form. Raises: ClientException for bytes that are no text of the encoding they claim."""
    try:
        return await sent.form()
    except (UnicodeDecodeError, LookupError) as odd:
        raise ClientException from odd


class HeadAsGet:
    """ASGI wrapper: a HEAD is a GET without its body. Source: RFC 9110, 9.1 and 9.3.2.

    The framework answers 405 where no handler names HEAD, and watchers of a service and proxies ask by it.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask as GET; pass the head of the answer on and nothing of its body."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != HttpMethod.HEAD:
            await self.app(scope, receive, send)
            return

        async def head_only(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked: HTTPScope = {**scope, "method": HttpMethod.GET.value}
        await self.app(asked, receive, head_only)
