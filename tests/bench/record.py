"""Ask one page of the product inside this process and write down every statement it sends.

`QM_DATA=… python -m tests.bench.record /register/households COOKIE statements.json`
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
from asyncpg.connection import Connection

from quzhou_migrants.app import create_app
from quzhou_migrants.settings import load

asked: list[tuple[str, list[Any]]] = []
_send = Connection._execute


async def _noting(self: Any, query: str, args: Any, *rest: Any, **more: Any) -> Any:
    asked.append((query, [{"bytes": base64.b64encode(a).decode()} if isinstance(a, bytes) else a for a in args]))
    return await _send(self, query, args, *rest, **more)


async def main(path: str, cookie: str, target: Path) -> None:
    """Ask twice: the second time every cache of the page is warm, as it is under load."""
    Connection._execute = _noting
    app = create_app(load(os.environ))
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http,
    ):
        for _ in range(2):
            asked.clear()
            answer = await http.get(path, headers={"Cookie": cookie})
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(answer.status_code)
    target.write_text(json.dumps(asked))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
