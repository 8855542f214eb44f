"""Site codes: short, typed by hand, told from forgeries; placards decode from the printed page."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.site_codes import lists
from inspection.site_codes.documents import Paper, Placard, build_placards
from inspection.site_codes.rules import ALPHABET, LENGTH, Token, address, grouped, read_token, write_token
from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.signing import KeyRing

RING = KeyRing({0: b"a" * 32})
BASE = "https://migrants.quzhou.gov.cn"
IDS = st.integers(1, (1 << 30) - 1)


@given(IDS)
def test_token_round_trip(code_id: int) -> None:
    token = write_token(RING, code_id)
    assert len(token) == LENGTH
    assert read_token(RING, token) == Token(code_id, 0)


@given(IDS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_any_changed_character_is_noticed(code_id: int, place: int, char: str) -> None:
    token = write_token(RING, code_id)
    changed = token[:place] + char + token[place + 1 :]
    if changed == token:
        assert read_token(RING, changed).code_id == code_id
    else:
        with pytest.raises(Refused, match="INS-102"):
            read_token(RING, changed)


@pytest.mark.parametrize(
    "typed",
    [
        lambda t: t.lower(),
        grouped,
        lambda t: f"  {t[:5]} {t[5:10]} {t[10:]} ",
        lambda t: t.replace("1", "l").replace("0", "o"),
        lambda t: address(BASE, t),
        lambda t: address(BASE, t) + "/",
    ],
)
def test_typing_is_forgiven(typed: object) -> None:
    for code_id in (1, 777, (1 << 30) - 1):
        assert read_token(RING, typed(write_token(RING, code_id))).code_id == code_id  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "hello", "A" * 14, "A" * 16, "U" * 15, "' OR 1=1 --", "字" * 15, "A" * 20_000])
def test_what_is_no_token_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Refused, match="INS-101"):
        read_token(RING, text)


def test_printed_codes_outlive_rotation_but_not_a_foreign_key() -> None:
    token = write_token(RING, 5)
    assert read_token(RING.rotated(), token) == Token(5, 0)
    with pytest.raises(Refused, match="INS-102"):
        read_token(KeyRing({0: b"b" * 32}), token)


@pytest.mark.parametrize("code_id", [0, -1, 1 << 30])
def test_id_outside_the_token_is_refused(code_id: int) -> None:
    with pytest.raises(ValueError, match=str(code_id)):
        write_token(RING, code_id)


def test_address_fits_a_sparse_code() -> None:
    text = address(BASE + "/", write_token(RING, 5))
    assert len(text) <= 60
    assert len(qr.encode(text).rows) == 33  # version 4


def placard(number: int, content: str = "硬化村内道路1.2公里") -> Placard:
    fields = (
        ("code", f"QZ-2026-{number:04}"),
        ("amount", "1,234,567.89元"),
        ("content", content),
        ("owner", "某某村股份经济合作社"),
        ("complaint", "0570-1234567"),
    )
    return Placard(f"𬸪坑村道路（第{number}期）", fields, write_token(RING, number), "衢江区移民办", "2026年9月16日")


@pytest.mark.parametrize("paper", list(Paper))
def test_placards_decode_with_two_foreign_decoders_at_150_dpi(paper: Paper) -> None:
    file = BytesIO(build_placards((placard(1), placard(2)), BASE, paper))
    with pypdfium2.PdfDocument(file) as pdf:
        pages = [page.render(scale=150 / 72).to_pil().convert("L") for page in pdf]
    expected = [address(BASE, write_token(RING, n)) for n in (1, 2)]
    assert [qr.read(page) for page in pages] == [[text] for text in expected]
    assert [cv2.QRCodeDetector().detectAndDecode(np.array(page))[0] for page in pages] == expected


def test_placard_code_is_at_least_40_mm_wide() -> None:
    with pypdfium2.PdfDocument(BytesIO(build_placards((placard(1),), BASE, Paper.A4))) as pdf:
        image = np.array(pdf[0].render(scale=100 / 72).to_pil().convert("L"))  # 100 dpi
    found, corners = cv2.QRCodeDetector().detect(image)
    assert found
    assert (corners[0][:, 0].max() - corners[0][:, 0].min()) * 25.4 / 100 >= 40


def test_placard_text_copies_back_and_file_is_sound() -> None:
    data = build_placards((placard(1),), BASE, Paper.A3)
    with pikepdf.open(BytesIO(data)) as file:
        assert file.check_pdf_syntax() == []
        assert [round(float(v) / 72 * 25.4) for v in file.pages[0].MediaBox] == [0, 0, 297, 420]
    with pypdfium2.PdfDocument(BytesIO(data)) as pdf:
        text = pdf[0].get_textpage().get_text_range()
    shown = ("𬸪坑村道路（第1期）", "QZ-2026-0001", "1,234,567.89元", "0570-1234567", grouped(write_token(RING, 1)))
    for part in shown:
        assert part in text
    assert "migrants.quzhou.gov.cn/c输入" in "".join(text.split())


def test_endless_content_is_cut_with_a_mark_and_keeps_the_code_free() -> None:
    data = build_placards((placard(1, "长" * 20_000),), BASE, Paper.A4)
    with pypdfium2.PdfDocument(BytesIO(data)) as pdf:
        assert len(pdf) == 1
        assert "…" in pdf[0].get_textpage().get_text_range()
        assert qr.read(pdf[0].render(scale=150 / 72).to_pil()) == [address(BASE, write_token(RING, 1))]


def test_signed_list_tells_genuine_and_revoked_without_us() -> None:
    codes = [(write_token(RING, 1), "QZ-1", "active"), (write_token(RING, 2), "QZ-2", "revoked")]
    signed = lists.write_list(RING, datetime(2026, 9, 16, tzinfo=UTC), codes)
    read = lists.read_list(signed, RING.public(0))
    assert read["codes"][lists.digest(grouped(codes[0][0]).lower())] == ("QZ-1", "active")
    assert read["codes"][lists.digest(codes[1][0])] == ("QZ-2", "revoked")
    assert lists.digest(write_token(RING, 3)) not in read["codes"]
    assert codes[0][0] not in signed["body"]


def test_altered_or_foreign_list_is_refused() -> None:
    signed = lists.write_list(RING, datetime(2026, 9, 16, tzinfo=UTC), [(write_token(RING, 2), "QZ-2", "revoked")])
    altered = signed | {"body": signed["body"].replace("revoked", "active")}
    for document, key in ((altered, RING.public(0)), (signed, KeyRing({0: b"b" * 32}).public(0))):
        with pytest.raises(Refused, match="INS-109"):
            lists.read_list(document, key)
