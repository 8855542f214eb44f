"""Public pages may be kept by browsers and proxies for a while; a repeat is answered by its mark alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from litestar.response import Response

if TYPE_CHECKING:
    from litestar import Request

NOT_MODIFIED = 304
MARK_DIGITS = 32


def kept(request: Request[Any, Any, Any], answer: Response[bytes], seconds: int) -> Response[bytes]:
    """Let an answer be kept; whoever is signed in gets it fresh, since the frame shows who they are.

    The mark (ETag) leaves out the number of the request, which is all that differs between two equal answers.
    """
    if request.scope["state"].get("actor") or answer.cookies:
        return answer
    number = str(request.scope["state"].get("request_id", "")).encode()
    body = answer.content.replace(number, b"") if number else answer.content
    mark = f'W/"{hashlib.sha256(body).hexdigest()[:MARK_DIGITS]}"'
    headers = {"Cache-Control": f"public, max-age={seconds}", "ETag": mark, "Vary": "Cookie, HX-Request"}
    if mark in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=NOT_MODIFIED, headers=headers)
    answer.headers.update(headers)
    return answer
