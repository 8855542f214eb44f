"""`quzhou-migrants recompute split|draw|round FILE`: the same result from the exported file alone, no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from allocation.competitive.recompute import recompute_round
from allocation.experts.recompute import recompute_draw
from allocation.factor.frozen import canonical, digest, result, thaw
from allocation.factor.paper import Section, sections
from allocation.factor.working import working
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import yuan

__all__ = ["recompute_draw", "recompute_round", "recompute_split"]

_LARGEST_FILE = 64 * 1024 * 1024
_TEMPLATES = Path(__file__).parent / "factor" / "templates"


def recompute_split(path: str | Path, *, steps: bool = False) -> str:
    """Recompute an exported factor run and print its result, with `steps` the whole working before it.

    Shape: text with the hash, every unit's parts, and the sums.
    Raises: Refused ALC-231 (not such a file), ALC-232 (the inputs were altered after they were
    frozen), ALC-233 (the file states another result); Invalid, inputs that cannot be split.
    """
    body = _read(Path(path))
    document = body.get("frozen", body)
    text = canonical(document)
    stated = body.get("sha256")
    if stated is not None and stated != digest(text):
        raise Refused("ALC-232", stated=str(stated)[:64], found=digest(text))
    inputs = thaw(document)
    outcome = inputs.split()
    if "result" in body and body["result"] != result(outcome, inputs.scheme.version):
        raise Refused("ALC-233")
    sheet = working(inputs)
    shown = "".join(_step(section) for section in sections(sheet)) if steps else ""
    return shown + _print(inputs=inputs, sheet=sheet, sha256=digest(text), checked="result" in body)


def _step(section: Section) -> str:
    """Set one step in plain text: its heading, its sentences, its table in columns."""
    table = [section.head, *section.rows, *([section.foot] if section.foot else [])]
    widths = [max(_width(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = [section.title, *section.notes]
    for row in table:
        cells = zip(row, widths, range(len(row)), strict=True)
        line = "  ".join(_left(t, w) if n in section.text_columns else _right(t, w) for t, w, n in cells)
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Refused("ALC-231", format=path.name)
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise Refused("ALC-231", format=path.name) from fault
    if not isinstance(body, dict) or not isinstance(body.get("frozen", body), dict):
        raise Refused("ALC-231", format=path.name)
    return body


def _print(**facts: Any) -> str:  # noqa: ANN401 - facts of the template
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"yuan": yuan, "left": _left, "right": _right}
    return pages.get_template("recompute.txt").render(**facts)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _left(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _right(text: str, width: int) -> str:
    return " " * (width - _width(text)) + text
