"""Load from 16 connections (or fewer) by wrk, and the percentiles it found."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
SECONDS = 5
SCRIPT = """
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\nFOUND {"p50": %d, "p95": %d, "count": %d, "us": %d, "bad": %d}\\n',
    latency:percentile(50), latency:percentile(95), summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run found. Units: milliseconds, requests per second."""

    p50: float
    p95: float
    rate: float


def load(url: str, cookie: str = "", seconds: int = SECONDS, connections: int = CONNECTIONS) -> Load:
    """Ask one address again and again.

    Raises: RuntimeError when wrk is missing or when any answer was not good.
    """
    if shutil.which("wrk") is None:
        message = "wrk is needed (apt-get install wrk)"
        raise RuntimeError(message)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name]
        if cookie:
            command += ["-H", f"Cookie: {cookie}"]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True, cwd=Path.cwd())
    found = json.loads(done.stdout.partition("FOUND ")[2])
    if found["bad"] or not found["count"]:
        message = f"{url}: {found}"
        raise RuntimeError(message)
    return Load(found["p50"] / 1000, found["p95"] / 1000, found["count"] / (found["us"] / 1e6))
