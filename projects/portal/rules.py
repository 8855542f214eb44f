"""What must be coarsened before a picture goes out, and where: pure.

Source: 个人信息保护法 第二十六条; 政府信息公开条例 第十五条 (no personal data in what is published).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from quzhou_migrants.kernel.errors import Refused

WHOLE_BP = 10_000
MOST_MASKS = 40
_LINE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,2})?)%?" + r"[\s,，]+(\d{1,3}(?:\.\d{1,2})?)%?" * 3 + r"\s*")


@dataclass(frozen=True, slots=True)
class Mask:
    """A rectangle to coarsen. Units: basis points of the picture's width and height, from its upper left."""

    x: int
    y: int
    width: int
    height: int

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Give the rectangle in pixels of a picture, whole pixels outwards. Shape: left, top, right, bottom."""
        right, low = self.x + self.width, self.y + self.height
        return (
            self.x * width // WHOLE_BP,
            self.y * height // WHOLE_BP,
            min(-(-right * width // WHOLE_BP), width),
            min(-(-low * height // WHOLE_BP), height),
        )


def read_masks(text: str) -> tuple[Mask, ...]:
    """Read one rectangle from each line: left, top, width, height in percent of the picture.

    Raises: Refused PRJ-702 naming the first line that is none, PRJ-703 too many.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_MASKS:
        raise Refused("PRJ-703", field="masks", most=MOST_MASKS, count=len(lines))
    return tuple(_mask(n, line) for n, line in enumerate(lines, 1))


def _mask(n: int, line: str) -> Mask:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Refused("PRJ-702", field="masks", line=n, text=line.strip()[:40])
    x, y, width, height = (round(float(v) * 100) for v in found.groups())
    if not (width and height) or x + width > WHOLE_BP or y + height > WHOLE_BP:
        raise Refused("PRJ-702", field="masks", line=n, text=line.strip()[:40])
    return Mask(x, y, width, height)
