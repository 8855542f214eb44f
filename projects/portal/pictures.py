"""Coarsening a picture: a smaller copy without metadata whose masked parts cannot be read any more."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

from projects.portal.rules import Mask

QUALITY = 82
LEAST_SIDE = 1


def coarsened(path: Path, masks: Sequence[Mask], *, blocks: int, side: int) -> tuple[bytes, int, int]:
    """Make the public copy of a picture.

    Shape: (JPEG bytes, width, height). Units: `side` pixels at most on the longer side; `blocks` squares
    across and down each mask, whose colours are means, so that nothing of what lay under it remains.
    """
    with Image.open(path, formats=("JPEG", "PNG")) as image:
        image.draft("RGB", (side, side))
        shown = ImageOps.exif_transpose(image).convert("RGB")
    shown.thumbnail((side, side))
    for mask in masks:
        _cover(shown, mask.box(shown.width, shown.height), blocks)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=QUALITY)
    return out.getvalue(), shown.width, shown.height


def _cover(image: Image.Image, box: tuple[int, int, int, int], blocks: int) -> None:
    """Replace a part of a picture by few large squares of its mean colours."""
    size = (box[2] - box[0], box[3] - box[1])
    if min(size) < LEAST_SIDE:
        return
    few = (min(blocks, size[0]), min(blocks, size[1]))
    part = image.crop(box).resize(few, Image.Resampling.BOX).resize(size, Image.Resampling.NEAREST)
    image.paste(part, box)
