"""Who may be drawn for a panel and who is drawn; pure, so that anybody can repeat it from the exported file.

Avoidance: an expert is left out whose workplace is in the county of the round, who works or worked in the
stated years at a unit that stands behind a project, who has kin there, or was paid by one in the stated years.

Draw: experts left stand in the order of SHA-256("seed|number"), as lower-case hexadecimal. Group by group, in the
published order, the first with that speciality take the seats; then, group by group, the next ones the reserve.
Source: 招标投标法实施条例 第四十六条; 浙江省招标投标条例 第三十一条 (both by analogy)
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from math import ceil

from quzhou_migrants.kernel.errors import Refused

WHOLE = 10_000  # basis points in one whole
COUNTY_DIGITS = 6
TOWNSHIP_DIGITS = 9
SEED_LENGTH = (8, 120)


class TieKind(StrEnum):
    """How an expert is tied to a unit or a place: served there, has kin there, was paid from there."""

    UNIT = "unit"
    KIN = "kin"
    PAID = "paid"


class Bar(StrEnum):
    """Why an expert cannot be drawn."""

    EXPIRED = "expired"
    SEATED = "seated"
    SPECIALITY = "speciality"
    COUNTY = "county"
    UNIT = "unit"
    KIN = "kin"
    PAID = "paid"


AVOIDANCE = (Bar.COUNTY, Bar.UNIT, Bar.KIN, Bar.PAID)


class Role(StrEnum):
    """What a drawn expert is drawn for."""

    MAIN = "main"
    RESERVE = "reserve"


@dataclass(frozen=True, slots=True)
class Tie:
    """One tie of an expert: to a unit by name, or to a place by its code. `until` None: it still holds."""

    kind: TieKind
    subject: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One expert of the pool as frozen. No name: the number is enough to draw. `county`: first six digits."""

    number: str
    county: str
    employer: str
    specialities: tuple[str, ...]
    valid_until: date
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One project to be judged: its code, its village's code, the units that stand behind it."""

    code: str
    village: str
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Seats to be drawn for one speciality."""

    speciality: str
    seats: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The declared rules of a draw, as the pack had them on the day. `until`: last day of scoring."""

    county: str
    on: date
    until: date
    avoid: tuple[str, ...]
    unit_years: int
    paid_years: int
    reserves_bp: int
    employer_most: int


@dataclass(frozen=True, slots=True)
class Frame:
    """All that a draw rests on. `seated`: numbers of those who sat, declined or stand in reserve before."""

    round: str
    terms: Terms
    groups: tuple[Group, ...]
    subjects: tuple[Subject, ...]
    people: tuple[Person, ...]
    seated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Barred:
    """Why one expert was left out: the rule, and what it speaks about (a unit, a project's code)."""

    number: str
    bar: Bar
    about: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One expert of the result: for which group, in which role, at which place within both."""

    number: str
    speciality: str
    role: Role
    rank: int


@dataclass(frozen=True, slots=True)
class Draw:
    """A result: who is drawn, who was left out and why."""

    drawn: tuple[Drawn, ...]
    barred: tuple[Barred, ...]


def plain(name: str) -> str:
    """Write a unit's name so that two spellings of one name compare equal."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def years_before(day: date, years: int) -> date:
    """Give the same day so many years ago; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def proper_seed(seed: str) -> str:
    """Give a seed as it is stored: one line of visible text. Raises: Refused ALC-345."""
    seed = seed.strip()
    if not SEED_LENGTH[0] <= len(seed) <= SEED_LENGTH[1] or not seed.isprintable():
        raise Refused("ALC-345", field="seed", least=SEED_LENGTH[0], most=SEED_LENGTH[1])
    return seed


def touches(tie: Tie, subject: Subject) -> bool:
    """Tell whether a tie leads to a project: by a unit of equal name, or by the place of its village."""
    if tie.subject.isdecimal():
        whole_township = tie.subject.endswith("000")
        return subject.village.startswith(tie.subject[:TOWNSHIP_DIGITS] if whole_township else tie.subject)
    return plain(tie.subject) in {plain(u) for u in subject.units}


def conflicts(person: Person, subject: Subject, terms: Terms) -> list[Barred]:
    """List what speaks against one expert judging one project, by the rules of avoidance in force."""
    found = []
    if person.county == subject.village[:COUNTY_DIGITS]:
        found.append(Barred(person.number, Bar.COUNTY, subject.code))
    if plain(person.employer) in {plain(u) for u in subject.units}:
        found.append(Barred(person.number, Bar.UNIT, person.employer))
    since = {TieKind.UNIT: terms.unit_years, TieKind.PAID: terms.paid_years}
    for tie in person.ties:
        lately = tie.until is None or tie.kind is TieKind.KIN or tie.until >= years_before(terms.on, since[tie.kind])
        if lately and touches(tie, subject):
            found.append(Barred(person.number, Bar(tie.kind.value), tie.subject))
    return [b for b in found if b.bar in terms.avoid]


def bars(person: Person, frame: Frame) -> list[Barred]:
    """List every reason why an expert of the pool cannot be drawn; empty for those who can."""
    terms, found = frame.terms, []
    if person.valid_until < terms.until:
        found.append(Barred(person.number, Bar.EXPIRED))
    if person.number in frame.seated:
        found.append(Barred(person.number, Bar.SEATED))
    if not {g.speciality for g in frame.groups} & set(person.specialities):
        found.append(Barred(person.number, Bar.SPECIALITY))
    if Bar.COUNTY in terms.avoid and person.county == terms.county:
        found.append(Barred(person.number, Bar.COUNTY, terms.county))
    met = {(b.bar, plain(b.about)): b for s in frame.subjects for b in conflicts(person, s, terms)}
    return found + [b for b in met.values() if b.bar is not Bar.COUNTY]


def place_of(seed: str, number: str) -> str:
    """Give the hash by which an expert stands in the order of a draw."""
    return sha256(f"{seed}|{number}".encode()).hexdigest()


def draw(frame: Frame, seed: str) -> Draw:
    """Draw seats and reserve from a frozen frame.

    Shape: seats before reserve, each group by group, in order; `barred` by number.
    Raises: Refused ALC-342, too few experts of a speciality are left; ALC-344, nothing is to be drawn.
    """
    if not frame.groups or any(g.seats < 1 for g in frame.groups):
        raise Refused("ALC-344")
    found = {p.number: bars(p, frame) for p in frame.people}
    free = sorted((p for p in frame.people if not found[p.number]), key=lambda p: place_of(seed, p.number))
    main = _seats(free, frame)
    taken = {d.number for d in main}
    reserve: list[Drawn] = []
    for group in frame.groups:
        wanted = ceil(Fraction(group.seats * frame.terms.reserves_bp, WHOLE))
        left = [p for p in free if p.number not in taken and group.speciality in p.specialities][:wanted]
        taken |= {p.number for p in left}
        reserve += [Drawn(p.number, group.speciality, Role.RESERVE, n) for n, p in enumerate(left, start=1)]
    return Draw((*main, *reserve), tuple(b for number in sorted(found) for b in found[number]))


def _seats(free: Sequence[Person], frame: Frame) -> list[Drawn]:
    """Fill the seats; of one employer sit at most so many, whatever the group."""
    taken: dict[str, Drawn] = {}
    employers: Counter[str] = Counter()
    for group in frame.groups:
        rank = 0
        for p in free:
            full = employers[plain(p.employer)] >= frame.terms.employer_most
            if rank == group.seats or p.number in taken or full or group.speciality not in p.specialities:
                continue
            rank += 1
            taken[p.number] = Drawn(p.number, group.speciality, Role.MAIN, rank)
            employers[plain(p.employer)] += 1
        if rank < group.seats:
            raise Refused("ALC-342", speciality=group.speciality, found=rank, seats=group.seats)
    return list(taken.values())


def next_reserve(
    waiting: Iterable[Drawn], speciality: str, employer_of: Mapping[str, str], sitting: Iterable[str], most: int
) -> str:
    """Name who takes an empty seat: the first of the group's reserve whose employer does not fill its share.

    Raises: Refused ALC-347, the reserve of the group is used up.
    """
    held = Counter(plain(e) for e in sitting)
    for one in sorted(waiting, key=lambda d: d.rank):
        if one.speciality == speciality and held[plain(employer_of[one.number])] < most:
            return one.number
    raise Refused("ALC-347", speciality=speciality)


def check_outside(outside: int, size: int, most: Fraction) -> None:
    """Let a panel begin only with enough of its members from the pool. Raises: Refused ALC-351.

    Source: 招标投标法实施条例 第四十六条 (by analogy)
    """
    if outside > size * most:
        raise Refused("ALC-351", outside=outside, size=size, most=str(most))
