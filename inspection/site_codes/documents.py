"""The placard at the building site, A4 or A3, one or many.

Laid out once in A4 points; A3 is the same drawing enlarged by the root of two.
Source: domain section 4, fields of the board; QR printed at 50 mm (A4) or 70 mm (A3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from math import sqrt

from reportlab.lib import colors
from reportlab.lib.pagesizes import A3, A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from inspection.site_codes.rules import address, grouped
from quzhou_migrants.kernel import fonts, qr
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.fonts import Face
from quzhou_migrants.kernel.pdf import draw_text, wrap

BAND, PALE, LINE = colors.HexColor("#8c1c13"), colors.HexColor("#f6efe6"), colors.HexColor("#8a8a8a")
WIDE, HIGH = A4
EDGE, BAND_HEIGHT, CODE_SIZE, LABEL = 14 * mm, 30 * mm, 50 * mm, 34 * mm
FOOT = CODE_SIZE + 20 * mm
SIZES = (15.0, 13.0, 11.0, 9.5)
LONGEST = 7  # lines of one field; the rest is one scan away


class Paper(StrEnum):
    """Paper a placard is printed on."""

    A4 = "a4"
    A3 = "a3"


@dataclass(frozen=True, slots=True)
class Placard:
    """What one board shows; `fields` are (label key, text) in print order, never a private person's number."""

    title: str
    fields: tuple[tuple[str, str], ...]
    token: str
    issuer: str
    issued: str


def build_placards(placards: tuple[Placard, ...], base: str, paper: Paper) -> bytes:
    """Print the boards, each on its page; every QR is read back by a foreign decoder first.

    Raises: Refused KRN-660, a code cannot be read back; then nothing is printed.
    """
    out = BytesIO()
    fonts.chain(Face.PLAIN)
    fonts.chain(Face.STRONG)
    canvas = Canvas(
        out,
        pagesize=A3 if paper is Paper.A3 else A4,
        initialFontName=Face.PLAIN,
        invariant=1,
        pageCompression=1,
        lang="zh-CN",
    )
    canvas.setTitle(_t("title") if len(placards) != 1 else f"{_t('title')} {placards[0].title}")
    by_hand = base.rstrip("/").partition("://")[2] + "/c"
    for placard in placards:
        if paper is Paper.A3:
            canvas.scale(sqrt(2), sqrt(2))
        _board(canvas, placard, qr.encode(address(base, placard.token)), by_hand)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _t(key: str) -> str:
    return CATALOGUE.text(f"placard.{key}")


def _board(canvas: Canvas, placard: Placard, code: qr.Code, by_hand: str) -> None:
    canvas.setFillColor(BAND)
    canvas.rect(0, HIGH - BAND_HEIGHT, WIDE, BAND_HEIGHT, stroke=0, fill=1)
    canvas.setFillColor(colors.white)
    draw_text(canvas, (WIDE / 2, HIGH - BAND_HEIGHT / 2 - 10), _t("title"), Face.STRONG, 30, "center")
    canvas.setFillColor(colors.black)
    top = _headline(canvas, placard.title, HIGH - BAND_HEIGHT - 8 * mm)
    _rows(canvas, placard.fields, top - 4 * mm, FOOT + 4 * mm)
    _foot(canvas, placard, code, by_hand)


def _headline(canvas: Canvas, title: str, top: float) -> float:
    room = WIDE - 2 * EDGE
    size, lines = next(
        ((size, lines) for size in (26.0, 22.0, 18.0) if len(lines := wrap(title, Face.STRONG, size, room)) <= 2),  # noqa: PLR2004 - two lines fit
        (14.0, _cut(wrap(title, Face.STRONG, 14, room), 3)),
    )
    for line in lines:
        top -= size * 1.3
        draw_text(canvas, (WIDE / 2, top), line, Face.STRONG, size, "center")
    return top


def _rows(canvas: Canvas, fields: tuple[tuple[str, str], ...], top: float, bottom: float) -> None:
    """Rule the fields into the room there is, in the largest type that fits."""
    room = WIDE - 2 * EDGE - LABEL - 6 * mm
    for size in SIZES:
        step, pad = size * 1.35, size * 0.55
        rows = [(_t(key), _cut(wrap(text, Face.PLAIN, size, room), LONGEST)) for key, text in fields]
        high = sum(len(lines) * step + 2 * pad for _, lines in rows)
        if high <= top - bottom:
            break
    pad += max(top - bottom - high, 0) / (2 * len(rows)) * 0.6  # spread what is left over, most of it
    canvas.setStrokeColor(LINE)
    y = top
    for label, lines in rows:
        tall = len(lines) * step + 2 * pad
        canvas.setFillColor(PALE)
        canvas.rect(EDGE, y - tall, LABEL, tall, stroke=0, fill=1)
        canvas.setFillColor(colors.black)
        canvas.rect(EDGE, y - tall, WIDE - 2 * EDGE, tall, stroke=1, fill=0)
        draw_text(canvas, (EDGE + LABEL / 2, y - tall / 2 - size * 0.36), label, Face.STRONG, size, "center")
        for number, line in enumerate(lines, 1):
            draw_text(canvas, (EDGE + LABEL + 3 * mm, y - pad - number * step + size * 0.3), line, Face.PLAIN, size)
        y -= tall


def _cut(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines or [""]
    return [*lines[: most - 1], lines[most - 1][:-1] + "…"]


def _foot(canvas: Canvas, placard: Placard, code: qr.Code, by_hand: str) -> None:
    left = WIDE - EDGE - CODE_SIZE
    canvas.setStrokeColor(BAND)
    canvas.setLineWidth(1.5)
    canvas.line(EDGE, FOOT, WIDE - EDGE, FOOT)
    canvas.setLineWidth(1)
    qr.draw_code(canvas, code, left, 12 * mm, CODE_SIZE)
    draw_text(canvas, (left + CODE_SIZE / 2, 8 * mm), grouped(placard.token), Face.STRONG, 11, "center")
    y = FOOT - 12 * mm
    draw_text(canvas, (EDGE, y), _t("scan"), Face.STRONG, 17)
    for line in wrap(CATALOGUE.say("INS-121", {"address": by_hand}), Face.PLAIN, 11.5, left - EDGE - 8 * mm):
        y -= 19
        draw_text(canvas, (EDGE, y), line, Face.PLAIN, 11.5)
    draw_text(canvas, (EDGE, 17 * mm), placard.issuer, Face.STRONG, 13)
    draw_text(canvas, (EDGE, 10 * mm), placard.issued, Face.PLAIN, 11)
