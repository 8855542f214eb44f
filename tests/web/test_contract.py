"""The JSON API keeps its published promises under a county clerk's session: schemathesis finds no 5xx."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from house import KECHENG, make_account

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize("role", [Role.COUNTY_CLERK])
async def test_no_server_error_whatever_is_sent(role, live, demo_db, tmp_path):
    """Examples, coverage and fuzzing of every documented operation; what is refused is refused with 4xx."""
    ENGINE.configure(demo_db.app)
    await open_pool(size=2)
    token = await open_session(await make_account(demo_db, role, KECHENG), "schemathesis")
    await close_pool()
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{live}/api/openapi.json",
        "--header", f"Cookie: {COOKIE}={token}", "--checks", "not_a_server_error",
        "--phases", "examples,coverage,fuzzing", "--max-examples", "12", "--seed", "20260916",
        "--workers", "1", "--generation-deterministic", "--suppress-health-check", "all",
    ]  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
