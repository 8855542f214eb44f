"""What is built is built again after any of its sources changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = {".js", ".mjs", ".css", ".scss"}


def test_every_script_and_style_is_a_source_of_the_build():
    told = subprocess.run(
        ["make", "-C", str(ROOT), "-pn", "assets"], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    named = set(next(line for line in told.splitlines() if "static/manifest.json:" in line).split())
    there = [*ROOT.glob("[!.]*/*/client/**/*"), *(ROOT / "quzhou_migrants/web/src").glob("**/*")]
    built = [str(path.relative_to(ROOT)) for path in there if path.suffix in WRITTEN]
    assert built
    assert [path for path in built if path not in named] == []
