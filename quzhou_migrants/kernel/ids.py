"""Numbers that identify people and bodies: checks, birth and sex, masks, demonstration numbers.

A check returns a fault code of the catalogue, or "" when the number is right, so that a form, an
import of 100,000 rows and a test all ask the same question in the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from enum import StrEnum
from operator import mul
from typing import TYPE_CHECKING, Final, Literal

from quzhou_migrants.kernel.texts import normal

if TYPE_CHECKING:
    from random import Random

Sex = Literal["male", "female"]


class IdFault(StrEnum):
    """Why a number is refused; the values are codes of the kernel's catalogue."""

    EMPTY = "KRN-610"
    NUMBER_DAMAGED = "KRN-611"
    OLD_15 = "KRN-612"
    SHAPE = "KRN-613"
    AREA = "KRN-614"
    BIRTH = "KRN-615"
    CHECK_DIGIT = "KRN-616"
    TRAILING_ZEROS = "KRN-617"
    CREDIT_SHAPE = "KRN-618"
    CREDIT_CHECK = "KRN-619"
    BANK_SHAPE = "KRN-620"


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS: Final = ord("0") * sum(_WEIGHTS)  # what seventeen zeros weigh as characters
_DIGITS: Final = "10X98765432"
_SHAPE: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_SCIENTIFIC: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,3}")
# GB/T 2260 province parts that were ever given to residents; 83 is the residence permit of Taiwan.
_PROVINCE_RUNS: Final = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES: Final = frozenset(str(code) for first, last in _PROVINCE_RUNS for code in range(first, last + 1))
DEMO_AREA: Final = "990"  # assigned to nobody, so a demonstration number can never be a person's
_EARLIEST: Final = date(1880, 1, 1)

_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(17))
_CREDIT_SHAPE: Final = re.compile(rf"[{_CREDIT_ALPHABET}]{{18}}")
_BANK_SHAPE: Final = re.compile(r"[0-9]{8,32}")
_BLANKS: Final = re.compile(r"[\s\-\u200b-\u200f\ufeff]+")


def clean(text: str) -> str:
    """Bring a typed number to its plain form: half width, upper case, no blanks or hyphens."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return _BLANKS.sub("", normal("NFKC", text)).upper()


def check_digit(body: str) -> str:
    """Compute the eighteenth character of a resident ID from its first seventeen digits.

    Source: GB 11643-1999, ISO 7064 MOD 11-2.
    """
    return _DIGITS[(sum(map(mul, body[:17].encode(), _WEIGHTS)) - _ZEROS) % 11]


def birth_of(number: str) -> date | None:
    """Read the birth date inside a resident ID, or None where it is no date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> Sex:
    """Tell the sex from the seventeenth digit: odd is male."""
    return "male" if int(number[16]) % 2 else "female"


def age_on(birth: date, day: date) -> int:
    """Count full years lived on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def resident_id_fault(number: str, *, today: date, demo: bool = False) -> IdFault | Literal[""]:
    """Say what is wrong with a resident ID, or "" when nothing is.

    Numbers that a spreadsheet has damaged (3.3E+17, or the last digits turned to zeros) get their
    own codes, because the clerk must go back to the source instead of retyping a digit.
    Shape: `number` already went through `clean`; `demo` also admits the unassigned area 990.
    Source: GB 11643-1999.
    """
    if not _SHAPE.fullmatch(number):
        return _shape_fault(number)
    if number[:2] not in _PROVINCES and not (demo and number.startswith(DEMO_AREA)):
        return IdFault.AREA
    right = check_digit(number) == number[17]
    if not right and number.endswith("000"):
        return IdFault.TRAILING_ZEROS
    birth = birth_of(number)
    if birth is None or not _EARLIEST <= birth <= today:
        return IdFault.BIRTH
    return "" if right else IdFault.CHECK_DIGIT


def _shape_fault(number: str) -> IdFault:
    if not number:
        return IdFault.EMPTY
    if _SCIENTIFIC.fullmatch(number):
        return IdFault.NUMBER_DAMAGED
    if len(number) == 15 and number.isdigit():  # noqa: PLR2004 - numbers of the first generation
        return IdFault.OLD_15
    return IdFault.SHAPE


def credit_code_fault(code: str) -> IdFault | Literal[""]:
    """Say what is wrong with a unified social credit code, or "".

    CREDIT_CHECK is a warning only: some genuine codes fail the check, so a clerk may confirm one.
    Source: GB 32100-2015.
    """
    if not _CREDIT_SHAPE.fullmatch(code):
        return IdFault.CREDIT_SHAPE
    total = sum(_CREDIT_ALPHABET.index(c) * w for c, w in zip(code, _CREDIT_WEIGHTS, strict=False))
    right = _CREDIT_ALPHABET[-total % 31]
    return "" if code[17] == right else IdFault.CREDIT_CHECK


def bank_account_fault(number: str) -> IdFault | Literal[""]:
    """Say what is wrong with a bank account number, or ""; banks share no check digit."""
    if _SCIENTIFIC.fullmatch(number):
        return IdFault.NUMBER_DAMAGED
    return "" if _BANK_SHAPE.fullmatch(number) else IdFault.BANK_SHAPE


def mask(text: str, head: int, tail: int) -> str:
    """Hide the middle of a number; a number too short to hide anything is hidden whole."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def mask_resident_id(number: str) -> str:
    """Show the area and the last two characters of a resident ID only."""
    return mask(number, 6, 2)


def mask_bank_account(number: str) -> str:
    """Show the last four digits of a bank account only."""
    return mask(number, 0, 4)


def demo_resident_id(rng: Random, birth: date, sex: Sex) -> str:
    """Make a number that passes every check but the area part, for the demonstration only."""
    serial = rng.randrange(500) * 2 + (sex == "male")
    return _demo_number(rng.randrange(1000), birth, serial)


class DemoIds:
    """Demonstration numbers that never repeat within one run, however many people are made."""

    def __init__(self) -> None:
        """Start counting."""
        self._made: Counter[tuple[date, Sex]] = Counter()

    def next(self, birth: date, sex: Sex) -> str:
        """Give the next free number for a birth date and sex; 500,000 exist of each."""
        area, serial = divmod(self._made[birth, sex], 500)
        self._made[birth, sex] += 1
        return _demo_number(area, birth, serial * 2 + (sex == "male"))


def _demo_number(area: int, birth: date, serial: int) -> str:
    body = f"{DEMO_AREA}{area:03d}{birth:%Y%m%d}{serial:03d}"
    return body + check_digit(body)
