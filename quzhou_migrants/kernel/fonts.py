"""Fonts for printed documents: embedded, checked for coverage, with a fallback for rare characters.

A missing glyph prints as a blank without any error, and a name printed with a hole in it is a
wrong document. So every character is placed before it is drawn: in the face asked for, else in
the next face of the chain, else as its visible code point `[U+20BB7]`.
"""

from __future__ import annotations

import os
from enum import StrEnum
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from unicodedata import category
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics, ttfonts

FOLDER = Path(__file__).parents[1] / "web" / "fonts"
# TrueType fonts with the far Unicode planes, where the machine has them (Debian: fonts-hanazono).
FAR_PLANES = ("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",)
PIECE = 100  # a CMap block may hold at most 100 entries


class Face(StrEnum):
    """The four faces of our documents, by the file name of the font."""

    BODY = "NotoSerifSC_400Regular"
    TITLE = "NotoSerifSC_700Bold"
    PLAIN = "NotoSansSC_400Regular"
    STRONG = "NotoSansSC_700Bold"


def to_unicode_cmap(font_name: str, subset: list[int]) -> str:
    """Write the map from glyph codes to text, with UTF-16 surrogates above U+FFFF.

    Shape: PDF CMap source; code 0 (.notdef) stays unmapped.
    Source: ISO 32000-1, 9.10.3. reportlab writes five hex digits there, so that a rare
    character copies as another one.
    """
    entries = [
        f"<{code:02X}> <{chr(point).encode('utf-16-be').hex().upper()}>" for code, point in enumerate(subset) if point
    ]
    pieces = [entries[i : i + PIECE] for i in range(0, len(entries), PIECE)]
    blocks = [f"{len(p)} beginbfchar\n" + "\n".join(p) + "\nendbfchar" for p in pieces]
    return "\n".join(
        (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            f"/CMapName /{font_name} def\n/CMapType 2 def",
            f"1 begincodespacerange\n<00> <{max(len(subset) - 1, 0):02X}>\nendcodespacerange",
            *blocks,
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend",
        )
    )


# The font writer looks the function up in its module, so this one line corrects every document.
ttfonts.makeToUnicodeCMap = to_unicode_cmap
rl_config.useA85 = 0  # ASCII armour makes files a quarter larger and serves nobody since 7-bit mail


@cache
def load(path: str) -> ttfonts.TTFont:
    """Open one font file and make it known to reportlab under its file name.

    Raises: FileNotFoundError with the command that brings the fonts.
    """
    file = Path(path)
    if not file.is_file():
        message = f"font {file.name} is missing: run `make assets`"
        raise FileNotFoundError(message)
    font = ttfonts.TTFont(file.stem, str(file))
    pdfmetrics.registerFont(font)
    return font


@cache
def chain(face: Face) -> tuple[ttfonts.TTFont, ...]:
    """List the fonts tried for a face: itself, the two regular ones, then the far planes."""
    named = dict.fromkeys((face, Face.BODY, Face.PLAIN))
    extra = (*os.environ.get("EXTRA_FONTS", "").split(os.pathsep), *FAR_PLANES)
    files = [*(str(FOLDER / f"{name}.ttf") for name in named), *(f for f in extra if f and Path(f).is_file())]
    return tuple(load(f) for f in files)


@lru_cache(maxsize=65536)
def place(char: str, face: Face) -> tuple[str, str]:
    """Find the font that can draw one character.

    Shape: (font name, what to draw); what to draw is the code point in brackets when no font has it.
    """
    point = ord(char)
    fonts = chain(face)
    for font in fonts:
        if point in font.face.charToGlyph:
            return font.fontName, char
    if category(char) in {"Cc", "Cf", "Mn"}:  # control marks and variation selectors have no shape
        return fonts[0].fontName, " " if char in "\t\n\r" else ""
    return fonts[0].fontName, f"[U+{point:04X}]"


def runs(text: str, face: Face) -> list[tuple[str, str]]:
    """Split a text into stretches that one font can draw.

    Shape: [(font name, stretch)], in reading order.
    """
    placed = [place(char, face) for char in text]
    return [(font, "".join(drawn for _, drawn in group)) for font, group in groupby(placed, lambda p: p[0])]


def uncovered(text: str, face: Face = Face.BODY) -> list[str]:
    """List the characters that no font here can draw, each once."""
    return [c for c in dict.fromkeys(text) if place(c, face)[1].startswith("[U+")]


def markup(text: str, face: Face) -> str:
    """Turn plain text into escaped paragraph markup, with the font named where it changes.

    Nothing of the text survives as markup: reportlab would open a file named in `<img src>`.
    """
    return "<br/>".join(
        "".join(
            escape(stretch) if font == face else f'<font name="{font}">{escape(stretch)}</font>'
            for font, stretch in runs(line, face)
        )
        for line in text.splitlines()
    )


@lru_cache(maxsize=65536)
def advance(char: str, face: Face) -> float:
    """Measure one character as it will be drawn. Units: points at a type size of 1 point."""
    font, drawn = place(char, face)
    return float(pdfmetrics.stringWidth(drawn, font, 1))


def width(text: str, face: Face, size: float) -> float:
    """Measure a line in points."""
    return size * sum(advance(char, face) for char in text)
