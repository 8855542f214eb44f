"""What the web framework is corrected in."""

from __future__ import annotations

import httpx
import pytest
from litestar import Litestar, get, post

from quzhou_migrants.web.framework import HeadAsGet


@get("/page")
async def page() -> str:
    """A page."""
    return "页"


@post("/page")
async def sent() -> str:
    """What is sent to it."""
    return "到"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/page", 200, "页"),
        ("HEAD", "/page", 200, ""),
        ("POST", "/page", 201, "到"),
        ("HEAD", "/no", 404, ""),
    ],
)
async def test_a_head_is_answered_like_a_get_without_its_body(method: str, path: str, status: int, body: str) -> None:
    app = HeadAsGet(Litestar([page, sent], openapi_config=None, logging_config=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://qm") as http:
        answer = await http.request(method, path)
    assert (answer.status_code, answer.text) == (status, body)
    if status == httpx.codes.OK:
        assert answer.headers["content-length"] == str(len("页".encode()))
