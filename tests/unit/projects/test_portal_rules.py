"""What is covered stays covered: masks as typed, as pixels, and what is left under them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from projects.portal.pictures import coarsened
from projects.portal.rules import MOST_MASKS, Mask, read_masks
from quzhou_migrants.kernel.errors import Refused

PLATE = (20, 30, 60, 50)


def photo(path, size=(200, 100)):
    """A white picture with a checkerboard where a plate would be, turned and described by its EXIF."""
    image = Image.new("RGB", size, "white")
    for x in range(PLATE[0], PLATE[2]):
        for y in range(PLATE[1], PLATE[3]):
            image.putpixel((x, y), (0, 0, 0) if (x + y) % 2 else (255, 255, 255))
    exif = Image.Exif()
    exif[0x010F] = "a phone"
    image.save(path, "PNG", exif=exif)


def test_lines_are_read_as_rectangles():
    assert read_masks("10 20 5.5 6\n\n 0%，0%，100%，100%\n") == (Mask(1000, 2000, 550, 600), Mask(0, 0, 10000, 10000))


@pytest.mark.parametrize("line", ["10 20 30", "a b c d", "10 20 0 5", "90 0 11 5", "0 95 5 6", "1 2 3 4 5", "-1 2 3 4"])
def test_what_is_no_rectangle_is_named_by_its_line(line):
    with pytest.raises(Refused) as refused:
        read_masks(f"1 1 1 1\n{line}")
    assert (refused.value.code, refused.value.facts["line"]) == ("PRJ-702", 2)


def test_too_many_are_refused():
    with pytest.raises(Refused) as refused:
        read_masks("1 1 1 1\n" * (MOST_MASKS + 1))
    assert refused.value.code == "PRJ-703"


@given(
    st.tuples(*[st.integers(0, 9999)] * 2),
    st.tuples(*[st.integers(1, 10000)] * 2),
    st.tuples(*[st.integers(1, 4000)] * 2),
)
def test_a_mask_never_covers_less_than_was_drawn(corner, sides, size):
    (x, y), (width, height), (wide, high) = corner, sides, size
    mask = Mask(x, y, min(width, 10000 - x), min(height, 10000 - y))
    left, top, right, low = mask.box(wide, high)
    assert 0 <= left <= right <= wide
    assert 0 <= top <= low <= high
    assert left * 10000 <= mask.x * wide
    assert right * 10000 >= (mask.x + mask.width) * wide
    assert low * 10000 >= (mask.y + mask.height) * high


def test_nothing_of_a_plate_remains(tmp_path):
    photo(tmp_path / "a.png")
    data, width, height = coarsened(tmp_path / "a.png", read_masks("10 30 20 20"), blocks=4, side=400)
    shown = Image.open(io.BytesIO(data))
    assert (shown.format, shown.size, width, height) == ("JPEG", (200, 100), 200, 100)
    covered = [shown.convert("L").getpixel((x, y)) for x in range(20, 60) for y in range(30, 50)]
    assert max(covered) - min(covered) < 30  # a checkerboard of black and white became one grey
    assert shown.getpixel((150, 80)) == (255, 255, 255)
    assert dict(shown.getexif()) == {}


def test_a_large_picture_is_made_smaller(tmp_path):
    photo(tmp_path / "a.png", (800, 400))
    assert coarsened(tmp_path / "a.png", (), blocks=4, side=300)[1:] == (300, 150)
