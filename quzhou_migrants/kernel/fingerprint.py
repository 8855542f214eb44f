"""Know a picture again after another program has saved it anew: smaller, paler, packed harder.

The picture is shrunk to a grid and each place says only whether it is darker than its neighbour, to the
right and below. Saving anew turns few of these bits; another picture turns a quarter of them and more.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageOps

GRID = 16
BITS = 2 * GRID * GRID
STRETCH = 16


def fingerprint(path: Path) -> list[int]:
    """Take the fingerprint of a picture that was proved to be one.

    Shape: BITS // STRETCH integers, each the number of its stretch times 65536 plus the stretch's bits, so that
    a database that indexes the members of arrays finds those who share any stretch.
    """
    with Image.open(path, formats=("JPEG", "PNG")) as image:
        image.draft("L", (GRID * 8, GRID * 8))
        grey = ImageOps.exif_transpose(image).convert("L")
    across = grey.resize((GRID + 1, GRID), Image.Resampling.BOX).tobytes()
    down = grey.resize((GRID, GRID + 1), Image.Resampling.BOX).tobytes()
    rows = [across[at : at + GRID + 1] for at in range(0, len(across), GRID + 1)]
    steps = [left < right for row in rows for left, right in pairwise(row)]
    steps += [above < below for above, below in zip(down, down[GRID:], strict=False)]
    return [_stretch(number, steps) for number in range(BITS // STRETCH)]


def _stretch(number: int, steps: list[bool]) -> int:
    bits = 0
    for step in steps[number * STRETCH : (number + 1) * STRETCH]:
        bits = bits << 1 | step
    return number << STRETCH | bits
