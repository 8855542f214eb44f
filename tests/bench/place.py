"""Data folders and running servers for measurements."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from quzhou_migrants.demo.staff import PASSWORD
from quzhou_migrants.kernel import schema

FOLDER = Path("build/bench-data")
PATIENCE = 120  # seconds


@dataclass(frozen=True, slots=True)
class Running:
    """A running server: its process and its address."""

    process: subprocess.Popen[bytes]
    address: str


def filled(households: int) -> Path:
    """Give a data folder with so many households, made once for each shape of the database."""
    folder = FOLDER / f"{households}-{schema.version()}"
    if not (folder / "whole").exists():
        for old in FOLDER.glob(f"{households}-*"):
            shutil.rmtree(old)
        command = [sys.executable, "-m", "tests.bench.fill", str(households)]
        subprocess.run(command, env=environ(folder), check=True)
        (folder / "whole").touch()
    return folder.resolve()


def environ(folder: Path, **more: str) -> dict[str, str]:
    """Give the environment of a process that works in a data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QM_", "DATABASE_"))}
    return {**kept, "QM_DATA": str(folder.resolve()), **more}


def free_port() -> int:
    """Find a port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], path: str, env: dict[str, str], port: int) -> Iterator[Running]:
    """Start a server, wait until `path` answers 200, stop it at the end."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address + path)
        yield Running(process, address)
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def served(folder: Path, workers: int = 2) -> Iterator[Running]:
    """Run the product over a data folder."""
    port = free_port()
    command = [sys.executable, "-m", "quzhou_migrants", "serve", "--workers", str(workers), "--port", str(port)]
    with started(command, "/ready", environ(folder), port) as running:
        yield running


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError(url)


def cookie(address: str, login: str = "city_clerk") -> str:
    """Sign in as somebody of the demonstration; answer the Cookie header."""
    headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=address, headers=headers) as http:
        answer = http.post("/sign-in", data={"login": login, "password": PASSWORD})
        answer.raise_for_status() if answer.is_error else None
        return "; ".join(f"{name}={value}" for name, value in http.cookies.items())
