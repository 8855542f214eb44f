"""QR codes: encoded by `qrcode`, read back by a foreign decoder before anyone sees them.

The mask is fixed: choosing it is most of the encoder's time, and what a mask is for - that the
code can be read - is proved for every code by reading it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

import qrcode
import zxingcpp
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from quzhou_migrants.kernel.errors import Refused

QUIET = 4  # modules of white on each side, ISO/IEC 18004, 6.3.8
MASK = 2


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its text and its square of modules, row by row, without the quiet zone."""

    text: str
    rows: tuple[str, ...]  # one character a module: "1" dark, "0" light


def encode(text: str) -> Code:
    """Make a code and prove that a foreign decoder reads the same text.

    Raises: Refused KRN-660, the code cannot be read back.
    """
    code = Code(text, _modules(text))
    if read(picture(code, 3)) != [text]:
        raise Refused("KRN-660", text=text)
    return code


def read(image: Image.Image) -> list[str]:
    """Read every QR code in a picture with zxing."""
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [found.text for found in zxingcpp.read_barcodes(image, formats=kinds)]


def picture(code: Code, scale: int = 8) -> Image.Image:
    """Paint a code with its quiet zone.

    Units: `scale` pixels a module.
    """
    side = len(code.rows) + 2 * QUIET
    blank = b"\xff" * side
    light, dark = b"\xff", b"\x00"
    edge = light * QUIET
    lines = [edge + b"".join(dark if m == "1" else light for m in row) + edge for row in code.rows]
    data = b"".join((*[blank] * QUIET, *lines, *[blank] * QUIET))
    return Image.frombytes("L", (side, side), data).resize((side * scale, side * scale), Image.Resampling.NEAREST)


def png(code: Code, scale: int = 8) -> bytes:
    """Give a code as a PNG file."""
    out = BytesIO()
    picture(code, scale).convert("1").save(out, "PNG")
    return out.getvalue()


def draw_code(canvas: Canvas, code: Code, x: float, y: float, size: float) -> None:
    """Draw a code on a PDF page as rectangles, `size` points wide including the quiet zone."""
    step = size / (len(code.rows) + 2 * QUIET)
    canvas.saveState()
    canvas.setFillGray(1)
    canvas.rect(x, y, size, size, stroke=0, fill=1)
    canvas.translate(x + QUIET * step, y + QUIET * step)
    canvas.scale(step, step)
    canvas.setFillGray(0)
    last = len(code.rows) - 1
    # Written as PDF operators: the path object formats 250 rectangles a code as decimals, most of a placard's time.
    canvas._code.append(" ".join(f"{left} {last - row} {width} 1 re" for row, (left, width) in _bars(code)) + " f")  # noqa: SLF001
    canvas.restoreState()


def svg(code: Code) -> str:
    """Give a code as an SVG element that scales with the page, black on white."""
    side = len(code.rows) + 2 * QUIET
    bars = "".join(f"M{left + QUIET} {row + QUIET}h{width}v1h-{width}z" for row, (left, width) in _bars(code))
    name = escape(code.text, {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges" '
        f'role="img" aria-label="QR {name}" class="qr">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{bars}"/></svg>'
    )


def _modules(text: str) -> tuple[str, ...]:
    maker = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=MASK)
    maker.add_data(text, optimize=0)
    maker.make(fit=True)
    return tuple("".join("1" if dark else "0" for dark in row) for row in maker.modules)


def _bars(code: Code) -> list[tuple[int, tuple[int, int]]]:
    """Join dark modules that touch in a row, so that viewers show no hairlines between them."""
    bars = []
    for row, modules in enumerate(code.rows):
        left = 0
        for dark, stretch in groupby(modules):
            width = len(list(stretch))
            if dark == "1":
                bars.append((row, (left, width)))
            left += width
    return bars
