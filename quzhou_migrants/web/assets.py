"""Built front-end files: the manifest turns an entry's name into its hashed address."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

STATIC = Path(__file__).with_name("static")
URL = "/static/"


class AssetsMissing(RuntimeError):  # noqa: N818 - says what is the matter
    """The front end has not been built: run `make assets`."""


@cache
def manifest() -> dict[str, dict[str, object]]:
    """Read what the build wrote.

    Raises: AssetsMissing with the command that builds.
    """
    try:
        read: dict[str, dict[str, object]] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetsMissing("the front end is not built: run `make assets`") from None
    return read


def _entry(name: str) -> dict[str, object]:
    found = [e for e in manifest().values() if e.get("name") == name or str(e.get("src", "")).endswith(f"/{name}")]
    if not found:
        raise AssetsMissing(f"{name} is not in the manifest: run `make assets`")
    return found[0]


@cache
def asset(name: str) -> str:
    """Give the address of a built file: an entry ("shell") or a copied file ("emblem.svg")."""
    return URL + str(_entry(name)["file"])


@cache
def head(name: str) -> Markup:
    """Give the tags of an entry for a page's head: its styles, then its script."""
    entry = _entry(name)
    styles = entry.get("css") or []
    assert isinstance(styles, list)  # noqa: S101 - the build's own format
    lines = [f'<link rel="stylesheet" href="{escape(URL + str(style))}">' for style in styles]
    lines.append(f'<script type="module" src="{escape(asset(name))}"></script>')
    return Markup("\n  ").join(Markup(line) for line in lines)  # noqa: S704 - escaped above, from our own build
