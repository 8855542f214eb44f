"""A dossier of two hundred pages: papers, photographs and sheets of our own, bound into one PDF."""

from __future__ import annotations

import io
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from PIL import Image, ImageFilter

from projects.dossier.binding import Bound, Part, bind, render_all
from projects.dossier.documents import words
from quzhou_migrants.kernel.file_types import JPEG, PDF
from quzhou_migrants.kernel.pdf import Document, Grid, Text, build
from quzhou_migrants.kernel.pool import WORKERS
from tests.bench.harness import Figure, timed

PAGES = 200
PHOTOS, SCANS, OWN = 120, 20, 10
PIECE = 10


def measure() -> list[Figure]:
    """Render side by side as the service does, bind, and count the pages."""
    with tempfile.TemporaryDirectory() as folder:
        parts = _parts(Path(folder))
        said = words()
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:

            def once() -> None:
                pieces = [parts[n : n + PIECE] for n in range(0, len(parts), PIECE)]
                stems = [f"{folder}/part{n}" for n in range(len(pieces))]
                made = pool.map(render_all, pieces, stems, [said] * len(pieces))
                bound: list[Bound] = [one for piece in made for one in piece]
                pages = pool.submit(bind, "渠道", "330803-1", bound, f"{folder}/whole.pdf", said).result()
                if pages < PAGES:
                    raise AssertionError(pages)

            return [Figure(f"dossier of {PAGES} pages", "s", aim=10, **timed(once))]


def _parts(folder: Path) -> list[Part]:
    photo, large = folder / "photo.jpg", folder / "large.jpg"
    photo.write_bytes(_photo((1600, 1200)))
    large.write_bytes(_photo((4000, 3000)))
    text = Document("实施方案", tuple(Text("渠道衬砌一千二百米，配套放水口七处。" * 20) for _ in range(9)))
    scan = folder / "scan.pdf"
    scan.write_bytes(build(text))
    sheet = Document("核实进度", (Grid(("日期", "计划", "核实"), (("2026-09-16", "50%", "48%"),) * 60),))
    return [
        *(
            Part("施工", f"照片{n}", f"{n}.jpg", None, str(large if n % 10 == 0 else photo), JPEG)
            for n in range(PHOTOS)
        ),
        *(Part("申报", f"方案{n}", f"{n}.pdf", None, str(scan), PDF) for n in range(SCANS)),
        *(Part("验收", f"表{n}", f"{n}.pdf", sheet) for n in range(OWN)),
    ]


def _photo(size: tuple[int, int]) -> bytes:
    """Make a picture with as much in it as a photograph has."""
    packed = io.BytesIO()
    Image.effect_noise(size, 40).filter(ImageFilter.GaussianBlur(2)).convert("RGB").save(packed, "JPEG", quality=85)
    return packed.getvalue()
