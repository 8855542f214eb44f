"""What a register entry must be: rows of a sheet to people, people to households, and every slip told.

Pure: no database, no clock. Whether a person is registered already is asked elsewhere (`check.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.ids import DEMO_AREA, bank_account_fault, clean, resident_id_fault
from quzhou_migrants.kernel.texts import normal
from quzhou_migrants.register.columns import CHOICES, OWN, REQUIRED, TITLES
from quzhou_migrants.register.words import Relation, Support

MOST_PEOPLE: Final = 60
EARLIEST_MOVE: Final = 1949
LIMITS: Final = {"name": 60, "reservoir": 60, "bank_name": 80}
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-]{0,31}")
_VILLAGE: Final = re.compile(r"[0-9]{12}")
_PHONE: Final = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?")
_SHARED: Final = OWN | {"village_code"}
_REQUIRED_KEYS: Final = tuple(c.key for c in REQUIRED)
_REQUIRED_SET: Final = frozenset(_REQUIRED_KEYS)


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a household."""

    name: str
    relation: Relation
    resident_id: str
    migrant: bool = True

    @property
    def is_demo(self) -> bool:
        """Tell whether the number belongs to nobody."""
        return self.resident_id.startswith(DEMO_AREA)


@dataclass(frozen=True, slots=True)
class House:
    """One household as it should stand in the register; people in the order of the sheet, head among them."""

    code: str
    division_code: str
    support: Support
    people: tuple[Person, ...]
    low_income: bool = False
    reservoir: str = ""
    moved_year: int | None = None
    phone: str = ""
    bank_name: str = ""
    bank_account: str = ""
    given: frozenset[str] = OWN  # what was really told; an empty cell of a sheet changes nothing

    @property
    def head(self) -> Person:
        """The head of the household."""
        return next(p for p in self.people if p.relation is Relation.HEAD)


@dataclass(frozen=True, slots=True)
class Slip:
    """One thing wrong in a sheet: where, and what. `bad` is false for a mere notice."""

    row_no: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    bad: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What a sheet is read against. Shape: `villages` {code: name} the importer may write to."""

    today: date
    demo: bool
    villages: Mapping[str, str]
    range_lo: str = ""
    range_hi: str = "~"


@dataclass(slots=True)
class Line:
    """One row of a sheet, read: values by key, and what is wrong with it."""

    row_no: int
    values: dict[str, Any]
    slips: list[Slip]


def read_line(row_no: int, cells: Sequence[str], places: Mapping[str, int], known: Known) -> Line:
    """Read one row; every cell is checked, so all slips of a row are told at once."""
    line = Line(row_no, {}, [])
    width = len(cells)
    for key, place in places.items():
        text = cells[place].strip() if place < width else ""
        if not text:
            continue
        value, problem = _READERS[key](key, text, known)
        if problem is None:
            line.values[key] = value
        else:
            line.slips.append(Slip(row_no, key, problem.code, problem.facts))
    if not line.values.keys() >= _REQUIRED_SET:
        wrong = {slip.column for slip in line.slips}
        line.slips.extend(
            Slip(row_no, key, "REG-110") for key in _REQUIRED_KEYS if key not in line.values and key not in wrong
        )
    return line


def read_value(key: str, text: str, known: Known) -> tuple[Any, Problem | None]:
    """Read one value by the rule of its column. Shape: (value, None) or (None, problem)."""
    found: tuple[Any, Problem | None] = _READERS[key](key, text, known)
    return found


def gather(lines: Sequence[Line]) -> tuple[House | None, list[Slip]]:
    """Make one household of its rows, or tell why it is none.

    Shape: (house, []) or (None, slips). A household is whole or not at all: one wrong row holds
    back the others, which then carry REG-125 so that they appear in the file of failed rows.
    """
    heads = [line for line in lines if line.values.get("relation") is Relation.HEAD]
    ordered = [*heads[:1], *(line for line in lines if line is not heads[0])] if heads else lines
    told = _told(ordered)
    slips = [slip for line in lines for slip in line.slips]
    slips.extend(_together(ordered, heads, told))
    if not slips:
        return _house(ordered[0], lines, told), []
    wrong = {slip.row_no for slip in slips}
    slips.extend(
        Slip(line.row_no, "", "REG-125", {"rows": sorted(wrong)}) for line in lines if line.row_no not in wrong
    )
    return None, slips


def _told(ordered: Sequence[Line]) -> dict[str, tuple[Any, int]]:
    """Collect what the rows tell of their household: the head's row first. Shape: {key: (value, row)}."""
    told: dict[str, tuple[Any, int]] = {}
    for line in ordered:
        for key, value in line.values.items():
            if key in _SHARED and key not in told:
                told[key] = (value, line.row_no)
    return told


def _together(ordered: Sequence[Line], heads: Sequence[Line], told: Mapping[str, tuple[Any, int]]) -> Iterator[Slip]:
    """Find what is wrong between the rows of one household."""
    if len(ordered) > MOST_PEOPLE:
        yield Slip(ordered[MOST_PEOPLE].row_no, "household_code", "REG-124", {"most": MOST_PEOPLE})
        return
    if not heads and all("relation" in line.values for line in ordered):
        yield Slip(ordered[0].row_no, "relation", "REG-120")
        return
    for line in heads[1:]:
        yield Slip(line.row_no, "relation", "REG-121", {"row": heads[0].row_no})
    if "support" not in told and not any(s.column == "support" for line in ordered for s in line.slips):
        yield Slip(ordered[0].row_no, "support", "REG-126")
    for line in ordered[1:]:
        for key, (value, row) in told.items():
            if line.values.get(key, value) != value:
                yield Slip(line.row_no, key, "REG-122" if key == "village_code" else "REG-123", {"row": row})


def _house(head: Line, lines: Sequence[Line], told: Mapping[str, tuple[Any, int]]) -> House:
    own = {key: value for key, (value, _) in told.items() if key != "village_code"}
    return House(
        code=head.values["household_code"],
        division_code=told["village_code"][0],
        people=tuple(_person(line.values) for line in lines),
        given=frozenset(own),
        **own,
    )


def _person(values: Mapping[str, Any]) -> Person:
    return Person(values["name"], values["relation"], values["resident_id"], values.get("migrant", True))


def plain_number(text: str) -> str:
    """Bring a number to half width without blanks."""
    return text if text.isascii() and text.isalnum() else clean(text)


Read = tuple[Any, Problem | None]


def household_code(text: str) -> str:
    """Bring a household code to its plain form; "" where it is none."""
    code = (text if text.isascii() else normal("NFKC", text)).strip().upper()
    return code if _CODE.fullmatch(code) else ""


def _code(_key: str, text: str, _known: Known) -> Read:
    code = household_code(text)
    return (code, None) if code else (None, Problem("REG-118"))


def _village(_key: str, text: str, known: Known) -> Read:
    if text in known.villages:
        return text, None
    code = plain_number(text)
    if code in known.villages:
        return code, None
    if not _VILLAGE.fullmatch(code):
        return None, Problem("REG-113")
    inside = known.range_lo <= code < known.range_hi
    return None, Problem("REG-115" if inside else "REG-114", facts={"given": code})


def _text(key: str, text: str, _known: Known) -> Read:
    return _plain(key, text)


def _plain(key: str, text: str) -> Read:
    value = normal("NFC", text)
    most = LIMITS[key]
    if len(value) > most:
        return None, Problem("REG-111", facts={"most": most, "now": len(value)})
    if not value.isprintable() and _unprintable(value):
        return None, Problem("REG-119")
    return value, None


@lru_cache(maxsize=1024)
def _few(key: str, text: str) -> Read:
    """Read a text that thousands of rows share: a reservoir, a bank."""
    return _plain(key, text)


def _shared_text(key: str, text: str, _known: Known) -> Read:
    return _few(key, text)


def _unprintable(text: str) -> bool:
    """Tell control characters from rare ones that this Python does not know yet."""
    return any(unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"} for c in text)


def _resident_id(_key: str, text: str, known: Known) -> Read:
    number = plain_number(text).upper()
    fault = resident_id_fault(number, today=known.today, demo=known.demo)
    return (None, Problem(str(fault))) if fault else (number, None)


def _choice(name: str, make: Any) -> Any:  # noqa: ANN401 - an enum or a converter
    words = {word: (make(meant), None) for word, meant in CHOICES[name].items()}
    offered = "、".join(TITLES[name].values())

    def read(_key: str, text: str, _known: Known) -> Read:
        found = words.get(text) or words.get(normal("NFKC", text).upper())
        return found or (None, Problem("REG-112", facts={"given": text[:20], "offered": offered}))

    return read


def _year(_key: str, text: str, known: Known) -> Read:
    digits = plain_number(text)[:4]
    if not (digits.isascii() and digits.isdigit() and EARLIEST_MOVE <= int(digits) <= known.today.year):
        return None, Problem("REG-116", facts={"first": EARLIEST_MOVE, "last": known.today.year})
    return int(digits), None


def _phone(_key: str, text: str, _known: Known) -> Read:
    number = text if text.isdecimal() and text.isascii() else normal("NFKC", text).replace(" ", "")
    return (number, None) if _PHONE.fullmatch(number) else (None, Problem("REG-117"))


def _bank(_key: str, text: str, _known: Known) -> Read:
    number = plain_number(text)
    fault = bank_account_fault(number)
    return (None, Problem(str(fault))) if fault else (number, None)


_yes_no = _choice("yes_no", lambda found: found == "yes")
_READERS: Final[Mapping[str, Any]] = {
    "household_code": _code,
    "village_code": _village,
    "name": _text,
    "relation": _choice("relation", Relation),
    "resident_id": _resident_id,
    "migrant": _yes_no,
    "support": _choice("support", Support),
    "low_income": _yes_no,
    "reservoir": _shared_text,
    "moved_year": _year,
    "phone": _phone,
    "bank_name": _shared_text,
    "bank_account": _bank,
}
