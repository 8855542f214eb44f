"""QR codes: two foreign decoders read what `qrcode` wrote."""

from __future__ import annotations

import re
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.errors import Refused

TEXT = "https://migrants.quzhou.gov.cn/c/7F3K9QWD2M4XH5T"


@pytest.mark.parametrize("text", [TEXT, "A", "扫码查看项目公示", "0123456789" * 9])
def test_code_reads_back_in_two_foreign_decoders(text: str) -> None:
    image = qr.picture(qr.encode(text), 6)
    assert qr.read(image) == [text]
    assert cv2.QRCodeDetector().detectAndDecode(np.array(image))[0] == text


def test_site_address_stays_sparse() -> None:
    assert len(qr.encode(TEXT).rows) == 33  # version 4


@pytest.mark.parametrize("angle", [3, 45, 180])
def test_code_reads_when_the_phone_is_held_askew(angle: int) -> None:
    image = qr.picture(qr.encode(TEXT), 6).rotate(angle, expand=True, fillcolor=255)
    assert qr.read(image) == [TEXT]


def test_code_that_cannot_be_read_back_is_never_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scratched encoder: one corner pattern wiped out."""
    whole = qr._modules(TEXT)
    wiped = tuple("0" * 10 + row[10:] if i < 10 else row for i, row in enumerate(whole))
    monkeypatch.setattr(qr, "_modules", lambda _: wiped)
    with pytest.raises(Refused) as refused:
        qr.encode(TEXT)
    assert refused.value.code == "KRN-660"


def test_png_and_svg_show_the_same_modules() -> None:
    code = qr.encode(TEXT)
    with Image.open(BytesIO(qr.png(code))) as image:
        assert qr.read(image) == [TEXT]
    dark = sum(row.count("1") for row in code.rows)
    assert sum(int(width) for width in re.findall(r"h(\d+)v1h-", qr.svg(code))) == dark
