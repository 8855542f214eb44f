"""Unicode forms in time that grows with the text."""

import time
import unicodedata

import pytest

from quzhou_migrants.kernel.grams import fold
from quzhou_migrants.kernel.ids import clean
from quzhou_migrants.kernel.texts import MOST_MARKS, normal
from quzhou_migrants.register.rules import household_code
from quzhou_migrants.web.fields import tidy

ENDLESS = "a" + "\u0315\u0300" * 200_000


@pytest.mark.parametrize("read", [tidy, clean, fold, household_code])
def test_endless_marks_are_read_at_once(read):
    started = time.perf_counter()
    read(ENDLESS)
    assert time.perf_counter() - started < 2


def test_marks_people_write_are_composed_as_ever():
    for text in ("e\u0301", "ｅ\u0301" + "长" * 40, "か\u3099" * 40, "𠮷䶮" * 30):
        assert normal("NFC", text) == unicodedata.normalize("NFC", text)
        assert normal("NFKC", text) == unicodedata.normalize("NFKC", text)


def test_nothing_of_an_endless_run_is_lost():
    marks = "\u0301" * (3 * MOST_MARKS)
    assert normal("NFC", "长" + marks).count("\u0301") == len(marks)
