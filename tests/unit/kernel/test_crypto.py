"""The key file: made once, whatever starts together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from quzhou_migrants.kernel.crypto import load_keys, write_once

TOGETHER = 8


@pytest.mark.parametrize("turn", range(20))
def test_threads_that_start_together_hold_the_same_keys(tmp_path: Path, turn: int) -> None:
    """A key made twice would leave numbers that nobody can read again."""
    path, gate = tmp_path / f"installation {turn}" / "keys.json", Barrier(TOGETHER)

    def blind(_number: int) -> bytes:
        gate.wait()
        return load_keys(path).blind("330802199001011234", "id")

    with ThreadPoolExecutor(TOGETHER) as threads:
        assert len(set(threads.map(blind, range(TOGETHER)))) == 1
    assert [found.name for found in path.parent.iterdir()] == ["keys.json"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_secret_that_is_there_stays(tmp_path: Path) -> None:
    """A second writer changes nothing and leaves nothing behind."""
    path = tmp_path / "keys.json"
    write_once(path, "first")
    write_once(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
