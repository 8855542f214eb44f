"""Files are what their content says; bad ones are refused with a clear code."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from quzhou_migrants.kernel import file_types as ft
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import Document, build


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "green").save(out, kind)
    return out.getvalue()


def workbook() -> bytes:
    out = BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def archive(entries: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return out.getvalue()


PDF = build(Document("文", ()))
WORD = archive({"[Content_Types].xml": b"", "word/document.xml": b""})
MACRO = archive({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/vbaProject.bin": b"x"})
BOMB = archive({"[Content_Types].xml": b"", "xl/workbook.xml": b"0" * (5 * ft.MIB)})


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.jpg", picture("JPEG"), ft.JPEG),
        ("a.JPEG", picture("JPEG"), ft.JPEG),
        ("a.png", picture("PNG"), ft.PNG),
        ("a.pdf", PDF, ft.PDF),
        ("a.xlsx", workbook(), ft.XLSX),
        ("a.docx", WORD, ft.DOCX),
        ("a.zip", archive({"a": b"1"}), ft.ZIP),
        ("照片", picture("JPEG"), ft.JPEG),
        ("a.jpg.exe", picture("JPEG"), ft.JPEG),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_content_decides(tmp_path: Path, name: str, data: bytes, kind: str) -> None:
    (tmp_path / "f").write_bytes(data)
    assert ft.media_type_of(tmp_path / "f", name, ft.ATTACHMENTS) == kind


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.jpg", b"", "KRN-646"),
        ("a.jpg", b"MZ\x90\x00" * 500, "KRN-641"),
        ("a.jpg", b"<html><script>alert(1)</script>", "KRN-641"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "KRN-641"),
        ("a.gif", b"GIF89a" + b"\0" * 40, "KRN-641"),
        ("a.jpg", picture("PNG"), "KRN-643"),
        ("a.pdf", workbook(), "KRN-643"),
        ("a.xlsx", PDF, "KRN-643"),
        ("a.jpg", picture("JPEG", (600, 600))[:900], "KRN-644"),
        ("a.png", picture("PNG")[:-20], "KRN-644"),
        ("a.pdf", PDF[: len(PDF) // 2], "KRN-644"),
        ("a.zip", archive({"a": b"1"})[:-30], "KRN-644"),
        ("a.xlsx", BOMB, "KRN-645"),
        ("a.xlsx", MACRO, "KRN-649"),
        ("a.png", picture("PNG", (10_000, 6_000)), "KRN-647"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_bad_files_are_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(Refused) as refused:
        ft.media_type_of(tmp_path / "f", name, ft.ATTACHMENTS)
    assert refused.value.code == code


def test_refusal_says_what_it_is_and_what_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"GIF89a" + b"\0" * 40)
    with pytest.raises(Refused) as refused:
        ft.media_type_of(tmp_path / "f", "a.gif", ft.PICTURES)
    assert refused.value.facts == {"name": "a.gif", "found": "GIF", "accepted": "JPG、PNG"}


def test_accepted_kinds_narrow(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(PDF)
    with pytest.raises(Refused) as refused:
        ft.media_type_of(tmp_path / "f", "a.pdf", ft.PICTURES)
    assert refused.value.code == "KRN-641"
