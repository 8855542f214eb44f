"""The interface description of /api/v1 and the page that shows it, all from our own address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response import Response

from quzhou_migrants.kernel.guards import signed_in
from quzhou_migrants.web.render import render

if TYPE_CHECKING:
    from litestar import Request

OPENAPI = OpenAPIConfig(
    title="quzhou-migrants",
    version="1",
    path="/api",
    render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    openapi_router=Router("/api", route_handlers=[], opt=signed_in(), include_in_schema=False),
    description="The same commands as behind the pages. Failures are RFC 9457 problem details.",
)


@get("/api/docs", opt=signed_in(), include_in_schema=False)
async def api_docs(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show the interface description."""
    return render(request, "web/api_docs.html")
