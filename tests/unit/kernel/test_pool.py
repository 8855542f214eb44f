"""Heavy work in other processes: they end with the one that started them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WORK = """
import asyncio, os, time
from quzhou_migrants.kernel.pool import in_pool

async def main():
    print(await in_pool(os.getpid), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_helper_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(WORK, encoding="utf-8")
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        helper = int(server.stdout.readline())
        assert _runs(helper)
        server.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not _runs(helper):
            return
        time.sleep(0.05)
    os.kill(helper, signal.SIGKILL)
    raise AssertionError(helper)


def _runs(number: int) -> bool:
    stat = Path(f"/proc/{number}/stat")
    try:
        return stat.read_text(encoding="utf-8").rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
