"""The JSON API keeps its published promises under a county clerk's session: schemathesis finds no 5xx."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from house import KECHENG, make_account

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize("role", [Role.COUNTY_CLERK])
async def test_no_server_error_whatever_is_sent(role, live, demo_db, tmp_path):
    """The edges of every documented operation, and random bodies and queries; what is refused is refused with 4xx.

    An operation that takes nothing but the numbers in its path is asked for their edges: random numbers add nothing.
    """
    ENGINE.configure(demo_db.app)
    await open_pool(size=2)
    token = await open_session(await make_account(demo_db, role, KECHENG), "schemathesis")
    await close_pool()
    async with httpx.AsyncClient(base_url=live, cookies={COOKIE: token}) as http:
        plain = _takes_nothing((await http.get("/api/openapi.json")).json())
    assert plain
    await _asked(live, token, tmp_path, "examples,coverage")
    await _asked(live, token, tmp_path, "fuzzing", *(f"--exclude-operation-id={name}" for name in plain))


def _takes_nothing(schema):
    return [
        operation["operationId"]
        for methods in schema["paths"].values()
        for operation in methods.values()
        if "requestBody" not in operation and {p["in"] for p in operation.get("parameters", ())} <= {"path"}
    ]


async def _asked(live, token, folder, phases, *options):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{live}/api/openapi.json",
        "--header", f"Cookie: {COOKIE}={token}", "--checks", "not_a_server_error",
        "--phases", phases, "--max-examples", "12", "--seed", "20260916",
        "--workers", "1", "--generation-deterministic", "--suppress-health-check", "all", *options,
    ]  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, cwd=folder, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
