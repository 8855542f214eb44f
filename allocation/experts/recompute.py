"""`quzhou-migrants recompute draw FILE`: the same draw from the exported file alone, no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2

from allocation.experts import rules
from allocation.experts.sheet import canonical, digest, result, thaw
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused

_LARGEST_FILE = 64 * 1024 * 1024
_TEMPLATES = Path(__file__).parent / "templates"


def recompute_draw(path: str | Path) -> str:
    """Draw again from an exported file and print the result.

    Shape: text with the hash, the seed, who was drawn in which order, who was left out and why.
    Raises: Refused ALC-352 (not such a file), ALC-353 (altered after freezing), ALC-354 (the file states
    another result), ALC-342.
    """
    body = _read(Path(path))
    document = body.get("frozen")
    frame = thaw(document)
    found = digest(canonical(document))  # type: ignore[arg-type]  # thaw has read it as a mapping
    if body.get("sha256") != found:
        raise Refused("ALC-353", stated=str(body.get("sha256"))[:64], found=found)
    seed = str(body.get("seed") or "")
    draw = rules.draw(frame, seed) if seed else rules.Draw((), rules.draw(frame, "").barred)
    again = result(draw.drawn)
    if again != body.get("result"):
        raise Refused("ALC-354", first=_first_odd(again, body.get("result")))
    orders = {d.number: rules.place_of(seed, d.number) for d in draw.drawn}
    return _page().render(frame=frame, draw=draw, seed=seed, sha256=found, orders=orders)


def _first_odd(again: list[list[Any]], stated: Any) -> str:  # noqa: ANN401 - anything a file may hold
    rows = stated if isinstance(stated, list) else []
    for mine, theirs in zip(again, rows, strict=False):
        if mine != theirs:
            return " ".join(map(str, mine))
    return " ".join(map(str, (again[len(rows) :] or [[""]])[0]))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Refused("ALC-352")
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise Refused("ALC-352") from fault
    if not isinstance(body, dict):
        raise Refused("ALC-352")
    return body


def _page() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    plain = jinja2.Environment(loader=loader, trim_blocks=True, autoescape=False)  # noqa: S701 - plain text
    plain.globals["said"] = _said
    return plain.get_template("recompute.txt")


def _said(kind: str, code: str) -> str:
    """Name a code of the file; what another pack invented is printed as it is."""
    key = f"{kind}.{code}"
    text = CATALOGUE.text(key)
    return code if text == key else text
