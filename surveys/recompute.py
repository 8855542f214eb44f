"""Repeat a sample draw from its plain file alone: no database, no settings, no network."""

from __future__ import annotations

from pathlib import Path

import jinja2

from quzhou_migrants.kernel.errors import Refused
from surveys.sampling import rules
from surveys.sampling.sheet import frame_hash, read_sheet, result_hash, result_of

_TEMPLATES = Path(__file__).parent / "sampling" / "templates"


def recompute_sample(path: str | Path) -> str:
    """Draw again from an exported file and print the sheet of the result.

    Shape: text for a terminal, one line per stratum, then one line per household drawn.
    Raises: Refused SUR-110 to SUR-112, the file cannot be read; SUR-113, its frame is not the one
        that was frozen; SUR-114, the draw gives other households than the file says.
    Source: 衢政办发〔2016〕65号 二(五)2
    """
    sheet = read_sheet(Path(path))
    found = frame_hash(sheet.frame)
    if found != sheet.frame_sha256:
        raise Refused("SUR-113", frozen=sheet.frame_sha256, found=found)
    draw = rules.draw(sheet.frame, sheet.design, sheet.seed)
    again = result_of(draw.drawn)
    if again != sheet.result:
        odd = sorted(code for code in again.keys() | sheet.result.keys() if again.get(code) != sheet.result.get(code))
        raise Refused("SUR-114", count=len(odd), first=odd[0])
    return _page().render(sheet=sheet, draw=draw, result_sha256=result_hash(draw.drawn))


def _page() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    plain = jinja2.Environment(loader=loader, trim_blocks=True, autoescape=False)  # noqa: S701 - plain text
    return plain.get_template("recompute.txt")
