"""The access log tells what happened, not what was asked for."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from litestar import Litestar, get

from quzhou_migrants.kernel import logs
from quzhou_migrants.web.access_log import AccessLog


@get("/search")
async def search() -> str:
    return "found"


@get("/health")
async def health() -> str:
    return "ok"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def ask(path: str) -> None:
    app: Any = AccessLog(Litestar([search, health], logging_config=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        await http.get(path)


async def test_a_request_is_one_line_without_its_query(lines: io.StringIO) -> None:
    await ask("/search?q=张三&id=33080219700101123X")
    line = json.loads(lines.getvalue())
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/search", 200)
    assert "张三" not in lines.getvalue()


async def test_what_no_handler_saw_is_written_too(lines: io.StringIO) -> None:
    await ask("/nowhere")
    assert json.loads(lines.getvalue())["status"] == 404


async def test_supervisors_are_not_written(lines: io.StringIO) -> None:
    await ask("/health")
    assert lines.getvalue() == ""
