"""Put a dossier together: every part becomes pages, all pages one PDF with contents, or one archive.

Plain functions over plain values, so that they run in another process. Pictures are made small
enough to print, papers that cannot be printed stand as a sheet that names them.
Source: DA/T 22 (a page number in the outer upper corner of every page of a volume).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pikepdf
from PIL import Image, ImageOps
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from quzhou_migrants.kernel.file_types import PDF, PICTURES
from quzhou_migrants.kernel.fonts import Face, chain
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Text, build, draw_text

LONGEST, QUALITY = 1754, 78  # A4 at 150 dots per inch; what print needs and no more
KEPT_LONGEST, KEPT_BYTES = (
    4096,
    3 << 19,
)  # a picture up to 1.5 MiB goes in as it is: decoding would cost most of the time
ORIENTATION = 0x0112
MARGIN, CAPTION = 18 * mm, 10
NAME_LENGTH = 80
UNSAFE = str.maketrans(dict.fromkeys('\\/:*?"<>|\r\n\t', "_"))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a dossier: a document of ours, or a file in the store."""

    stage: str
    title: str
    name: str
    document: Document | None = None
    path: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said on the sheets that the binding adds itself."""

    contents: str
    head: tuple[str, str, str, str]
    page: str
    unprinted: str
    generated: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A part that became pages. Units: pages."""

    stage: str
    title: str
    path: str
    pages: int


def render(part: Part, target: str, words: Words) -> Bound:
    """Turn one part into a PDF file; what cannot be opened becomes a sheet that says so."""
    path = Path(target)
    if part.document is not None:
        path.write_bytes(build(part.document))
    elif part.media_type in PICTURES:
        _picture(part, path)
    elif part.media_type != PDF or not _copied(part, path):
        path.write_bytes(build(_sheet(part, words)))
    with pikepdf.open(path) as made:
        return Bound(part.stage, part.title, target, len(made.pages))


def render_all(parts: Sequence[Part], stem: str, words: Words) -> list[Bound]:
    """Turn several parts into PDF files named after `stem`."""
    return [render(part, f"{stem}-{n}.pdf", words) for n, part in enumerate(parts)]


def _copied(part: Part, path: Path) -> bool:
    """Take over a PDF without what it could do on opening; a locked or broken one cannot be taken."""
    try:
        with pikepdf.open(part.path) as pdf:
            for name in ("/OpenAction", "/AA", "/Names", "/AcroForm", "/Outlines"):
                if name in pdf.Root:
                    del pdf.Root[name]
            if not pdf.pages:
                return False
            pdf.save(path)
    except (pikepdf.PdfError, pikepdf.PasswordError):
        return False
    return True


def _sheet(part: Part, words: Words) -> Document:
    return Document(part.title, (Fields(((words.head[2], part.name),)), Text(words.unprinted)))


def _picture(part: Part, path: Path) -> None:
    """Set a picture upright on a page, with its name below."""
    source, size = _printable(Path(part.path))
    chain(Face.PLAIN)
    canvas = Canvas(str(path), pagesize=A4, invariant=1, initialFontName=Face.PLAIN)
    wide, high = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN - 3 * CAPTION
    scale = min(wide / size[0], high / size[1])
    box = (size[0] * scale, size[1] * scale)
    bottom = MARGIN + 3 * CAPTION + (high - box[1]) / 2
    canvas.drawImage(ImageReader(source), (A4[0] - box[0]) / 2, bottom, *box)
    draw_text(canvas, (A4[0] / 2, MARGIN), part.title, Face.PLAIN, CAPTION, "center")
    canvas.save()


def _printable(path: Path) -> tuple[io.BytesIO, tuple[int, int]]:
    """Give a picture as it goes into a PDF: unchanged where it can be, else upright and smaller."""
    with Image.open(path, formats=("JPEG", "PNG")) as image:
        upright = image.getexif().get(ORIENTATION, 1) == 1
        fits = max(image.size) <= KEPT_LONGEST and path.stat().st_size <= KEPT_BYTES
        if image.format == "JPEG" and image.mode in {"RGB", "L"} and upright and fits:
            return io.BytesIO(path.read_bytes()), image.size
        image.draft("RGB", (LONGEST, LONGEST))
        turned = ImageOps.exif_transpose(image)
        turned.thumbnail((LONGEST, LONGEST))
        packed = io.BytesIO()
        turned.convert("RGB").save(packed, "JPEG", quality=QUALITY)
        packed.seek(0)
        return packed, turned.size


def bind(title: str, number: str, parts: Sequence[Bound], target: str, words: Words) -> int:
    """Bind parts into one PDF: contents first, a number on every page, bookmarks by stage. Units: pages."""
    front = _contents(title, number, parts, words, 0)
    with pikepdf.open(io.BytesIO(front)) as counted:
        before = len(counted.pages)
    front = _contents(title, number, parts, words, before)
    volume = pikepdf.new()
    with pikepdf.open(io.BytesIO(front)) as opened:
        volume.pages.extend(opened.pages)
        for part in parts:
            with pikepdf.open(part.path) as pages:
                volume.pages.extend(pages.pages)
        _number(volume, words)
        _bookmark(volume, parts, before, words)
        volume.docinfo["/Title"] = title
        volume.Root.PageMode = pikepdf.Name.UseOutlines
        volume.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return len(volume.pages)


def _contents(title: str, number: str, parts: Sequence[Bound], words: Words, before: int) -> bytes:
    rows, page = [], before + 1
    for n, part in enumerate(parts, 1):
        rows.append((str(n), part.stage, part.title, str(page)))
        page += part.pages
    grid = Grid(words.head, tuple(rows), (0.7, 1.4, 6, 0.9), frozenset({0, 3}))
    return build(
        Document(title, (Text(words.contents, align="center", indent=False), grid), number, footer=words.generated)
    )


def _number(volume: pikepdf.Pdf, words: Words) -> None:
    """Write the number of each page of the volume into its upper right corner."""
    total = len(volume.pages)
    packed = io.BytesIO()
    chain(Face.PLAIN)
    canvas = Canvas(packed, pagesize=A4, invariant=1, initialFontName=Face.PLAIN)
    for n in range(1, total + 1):
        canvas.setFillGray(0.35)
        draw_text(
            canvas, (A4[0] - 12 * mm, A4[1] - 10 * mm), words.page.format(n=n, total=total), Face.PLAIN, 8, "right"
        )
        canvas.showPage()
    canvas.save()
    with pikepdf.open(packed) as stamps:
        for page, stamp in zip(volume.pages, stamps.pages, strict=True):
            page.add_overlay(stamp, None)


def _bookmark(volume: pikepdf.Pdf, parts: Sequence[Bound], before: int, words: Words) -> None:
    page = before
    with volume.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem(words.contents, 0))
        for stage, group in groupby(parts, lambda p: p.stage):
            section = pikepdf.OutlineItem(stage, page)
            for part in group:
                section.children.append(pikepdf.OutlineItem(part.title, page))
                page += part.pages
            outline.root.append(section)


def pack(parts: Sequence[Part], target: str) -> int:
    """Put files as they were sent, and our own documents, into one archive, by stage. Units: files."""
    stages = list(dict.fromkeys(p.stage for p in parts))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for n, part in enumerate(parts, 1):
            name = f"{stages.index(part.stage) + 1:02d} {_safe(part.stage)}/{n:03d} {_safe(part.name)}"
            if part.document is not None:
                archive.writestr(zipfile.ZipInfo(name), build(part.document))
            else:
                archive.write(part.path, name)
    return len(parts)


def _safe(name: str) -> str:
    """Make a name that any system takes as a file's name, its ending kept."""
    cleaned = name.translate(UNSAFE).strip(". ") or "_"
    stem, dot, ending = cleaned.rpartition(".")
    return f"{stem[:NAME_LENGTH]}{dot}{ending[:8]}" if dot else cleaned[:NAME_LENGTH]
