"""Where a request comes from: behind the machine's own proxy, the address that proxy saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litestar import Request

OWN_PROXY = frozenset({"127.0.0.1", "::1"})


def address_of(request: Request[Any, Any, Any]) -> str:
    """Give the address that throttles count by. What anybody else says about itself is not believed."""
    host = request.client.host if request.client else ""
    seen = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return seen if host in OWN_PROXY and seen else host
