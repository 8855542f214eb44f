"""From `make run` to the first page: again, and from a clean clone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from tests.bench.harness import RUNS, Figure
from tests.bench.place import PATIENCE, free_port

FIRST_PAGE = "/sign-in"
CLEAN_LIMIT = 1_200  # seconds


def measure() -> list[Figure]:
    """Clone what is committed, start it clean once, then start it again and again."""
    folder = Path(tempfile.mkdtemp(prefix="qm-clone-"))
    try:
        subprocess.run(["git", "clone", "--quiet", ".", str(folder / "clone")], check=True)
        clean = _start(folder / "clone", CLEAN_LIMIT)
        again = tuple(_start(folder / "clone", PATIENCE) for _ in range(RUNS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        Figure("clean clone to first page", "s", (clean,), aim=240),
        Figure("second start to first page", "s", again, aim=10),
    ]


def _start(clone: Path, limit: float) -> float:
    port = free_port()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("QM_", "DATABASE_", "MAKE", "MFLAGS"))}
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "--no-print-directory", "run"],
        cwd=clone,
        env={**kept, "QM_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _answers(f"http://127.0.0.1:{port}{FIRST_PAGE}"):
            if process.poll() is not None or time.monotonic() - started > limit:
                raise TimeoutError(str(clone))
            time.sleep(0.05)
        return time.monotonic() - started
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
