"""Generated pictures: papers that say what they stand for, photos of one visit each, and one that too many share."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from random import Random

from PIL import Image, ImageDraw

from quzhou_migrants.demo.world import words
from quzhou_migrants.kernel import blobs, files

SIZE = (480, 360)
BORROWED = 6_000
SKY, EARTH = (186, 206, 224), (150, 132, 98)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that lies in the store, known by its hash. Units: bytes."""

    sha256: str
    size: int


def keep(content: bytes) -> Picture:
    """Put bytes into the store, once."""
    digest = hashlib.sha256(content).hexdigest()
    path = blobs.blob_path(files.root(), digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Picture(digest, len(content))


def photo(rng: Random, progress_bp: int) -> bytes:
    """Draw a building site that has come so far: no two are the same."""
    picture = Image.new("RGB", SIZE, SKY)
    pen = ImageDraw.Draw(picture)
    ground = 220 + rng.randrange(40)
    pen.rectangle((0, ground, *SIZE), fill=tuple(part + rng.randrange(-12, 12) for part in EARTH))
    built = 30 + progress_bp * 150 // 10_000
    left = 60 + rng.randrange(140)
    pen.rectangle((left, ground - built, left + 200, ground), fill=(200 - rng.randrange(40), 190, 178))
    for _ in range(24):
        x, y = rng.randrange(SIZE[0]), ground + rng.randrange(SIZE[1] - ground)
        pen.ellipse((x, y, x + rng.randrange(4, 40), y + rng.randrange(4, 18)), fill=(110, 120 + rng.randrange(60), 84))
    return _jpeg(picture)


@cache
def borrowed(times: int) -> bytes:
    """Give one and the same photo again and again, every other time saved anew as a telephone's messages do."""
    shot = photo(Random(BORROWED), BORROWED)  # noqa: S311 - a drawing
    if times % 2:
        return shot
    return _jpeg(Image.open(io.BytesIO(shot)).resize((SIZE[0] * 3 // 4, SIZE[1] * 3 // 4)))


@cache
def sheet(kind: str) -> Picture:
    """Keep the sheet that stands for a kind of paper."""
    return keep(_paper(list(words()["papers"]).index(kind) + 1))


def _paper(number: int) -> bytes:
    """Draw a sheet of paper with lines of writing."""
    picture = Image.new("RGB", (620, 877), (250, 249, 244))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((180, 70, 440, 96), fill=(60, 60, 60))
    for line in range(20):
        pen.rectangle((70, 150 + line * 30, 550 - (line * number * 37) % 180, 158 + line * 30), fill=(150, 150, 150))
    pen.ellipse((400, 690, 520, 810), outline=(196, 40, 40), width=5)
    return _jpeg(picture)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60)
    return out.getvalue()
