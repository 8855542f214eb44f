"""What the tests of projects share: one application as it is typed, the worked cases, a picture of a paper."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image

CASES = Path(__file__).parent / "cases/projects"


def read(name: str) -> dict[str, Any]:
    """Read one file of cases."""
    return tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))


def cases(name: str) -> list[dict[str, Any]]:
    """List the worked cases of one file, each with its clause."""
    found: list[dict[str, Any]] = read(name)["case"]
    return found


TYPED: dict[str, dict[str, str]] = read("application")
"""An application by part and field."""


def picture(shade: int = 250) -> bytes:
    """Make a small PNG."""
    kept = io.BytesIO()
    Image.new("RGB", (40, 40), (shade, shade, shade)).save(kept, "PNG")
    return kept.getvalue()
