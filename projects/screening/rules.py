"""What an application should be asked about: pure, so that the same words give the same signs.

Source: 衢政办发〔2016〕65号 三(一) (sector money first); 浙江省水库移民后期扶持项目资金管理办法 使用范围;
建民字〔2022〕62号 申报材料; 政府投资条例 第二十一条.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from projects.rules import Bound
from quzhou_migrants.kernel.geo import metres
from quzhou_migrants.kernel.money import Fen

_LONG = {"公里": Decimal(1000), "千米": Decimal(1000), "km": Decimal(1000)}
_SHORT = {"米", "m", "延米"}


class Weight(StrEnum):
    """How heavy a sign is: against a rule, to be looked at, to be known."""

    BAD = "bad"
    WAIT = "wait"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Content:
    """One line of the contents. Units: fen per unit; zero when no price is given."""

    name: str
    quantity: Decimal
    unit: str
    price_fen: Fen


@dataclass(frozen=True, slots=True)
class Asked:
    """An application as the checks read it. Units: fen, CGCS2000 degrees."""

    id: int
    village: str
    village_name: str
    title: str
    content: str
    category: str
    estimate_fen: Fen
    lat: float | None
    lon: float | None
    contents: tuple[Content, ...] = ()
    papers: frozenset[str] = frozenset()
    sector_note: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """An earlier project or a sector's one. Units: fen, degrees; `day` when it was filed or finished."""

    kind: str
    id: int
    code: str
    title: str
    village: str
    village_name: str
    lat: float | None
    lon: float | None
    day: date
    state: str
    category: str
    estimate_fen: Fen
    contractor: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """How an application resembles another project. Units: metres, basis points of common word pairs."""

    other: Other
    metres: int | None
    likeness_bp: int

    @property
    def same_village(self) -> bool:
        """Tell whether words alone made it match."""
        return self.metres is None


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing to look at: a code, the answer it speaks about, how heavy, what was counted, its clause."""

    code: str
    field: str
    weight: Weight
    source: str
    confirmed: bool
    facts: dict[str, Any] = made(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScreeningRule:
    """The bounds of all checks, each with its clause. Units: fen, metres, basis points, years."""

    banned: Bound[tuple[str, ...]]
    uses: Bound[tuple[str, ...]]
    sector_first: Bound[tuple[str, ...]]
    caps: Bound[Mapping[str, int]]
    years: Bound[int]
    metres: Bound[int]
    likeness_bp: Bound[int]
    likeness_near_bp: Bound[int]
    common_words: tuple[str, ...]
    thresholds: Bound[tuple[int, ...]]
    margin_bp: Bound[int]
    split_years: Bound[int]
    beside: Bound[int]
    papers_above: Bound[Mapping[str, int]]
    papers_of: Bound[Mapping[str, str]]


def screen(
    asked: Asked, others: Sequence[Other], rule: ScreeningRule, *, recent: date
) -> tuple[list[Sign], list[Match]]:
    """Run every check. `recent` is the first day that still counts as splitting.

    Shape: (signs in the order of the form, matches from the likest down).
    """
    matches = resembling(asked, others, rule)
    signs = [
        *_banned(asked, rule),
        *_uses(asked, rule),
        *_caps(asked, rule),
        *_overlap(matches, rule),
        *_bunched(asked, rule),
        *_split(asked, _parts(asked, others, matches, rule, recent), rule),
        *_papers(asked, rule),
    ]
    return signs, matches


def _sign(code: str, about: str, weight: Weight, bound: Bound[Any], **facts: Any) -> Sign:  # noqa: ANN401 - facts are any value the sentence names
    return Sign(code, about, weight, bound.source, bound.confirmed, facts)


def _banned(asked: Asked, rule: ScreeningRule) -> Iterable[Sign]:
    """Find words of the negative list in the title and the content."""
    for about, text in (("title", asked.title), ("content", asked.content)):
        found = [word for word in rule.banned.value if word in text]
        if found:
            yield _sign("PRJ-530", about, Weight.BAD, rule.banned, words="、".join(found))


def _uses(asked: Asked, rule: ScreeningRule) -> Iterable[Sign]:
    """Tell when the use is not among the allowed ones, or a sector's money comes first."""
    if asked.category and asked.category not in rule.uses.value:
        yield _sign("PRJ-531", "category", Weight.BAD, rule.uses)
    if asked.category in rule.sector_first.value and not asked.sector_note:
        yield _sign("PRJ-532", "category", Weight.INFO, rule.sector_first)


def _caps(asked: Asked, rule: ScreeningRule) -> Iterable[Sign]:
    """Compare the price of each line with the cap whose words it carries."""
    for line in asked.contents:
        for key, cap in rule.caps.value.items():
            words, _, unit = key.partition("|")
            price = price_per(line, unit)
            if price is not None and price > cap and any(w in line.name for w in words.split("、")):
                yield _sign(
                    "PRJ-533", "items", Weight.WAIT, rule.caps,
                    name=line.name, price=int(price), cap=cap, unit=unit,
                )  # fmt: skip


def price_per(line: Content, unit: str) -> Fraction | None:
    """Express a line's price per unit of a cap; None when the units cannot be compared. Units: fen."""
    if not line.price_fen:
        return None
    if line.unit == unit or (line.unit in _SHORT and unit in _SHORT):
        return Fraction(line.price_fen)
    if line.unit in _SHORT and unit in _LONG:
        return Fraction(line.price_fen) * Fraction(_LONG[unit])
    if line.unit in _LONG and unit in _SHORT:
        return Fraction(line.price_fen) / Fraction(_LONG[line.unit])
    if line.unit in _LONG and unit in _LONG:
        return Fraction(line.price_fen)
    return None


def resembling(asked: Asked, others: Sequence[Other], rule: ScreeningRule) -> list[Match]:
    """Find the projects that are like this one: the same village and words, or a near place and some words."""
    own = core(asked.title, (asked.village_name, *rule.common_words))
    found: list[Match] = []
    for other in others:
        words = core(other.title, (other.village_name, asked.village_name, *rule.common_words))
        like = likeness_bp(own, words)
        away = distance(asked.lat, asked.lon, other.lat, other.lon)
        near = away is not None and away <= rule.metres.value and like >= rule.likeness_near_bp.value
        same = other.village == asked.village and like >= rule.likeness_bp.value
        if near or same:
            found.append(Match(other, away, like))
    return sorted(found, key=lambda m: (-m.likeness_bp, m.metres or 0, m.other.kind, m.other.id))


def core(title: str, without: Iterable[str]) -> frozenset[str]:
    """Cut a title to the pairs of characters that say what is built, without places and common words."""
    for word in sorted((w for w in without if w), key=len, reverse=True):
        title = title.replace(word, " ")
    return frozenset(part[i : i + 2] for part in title.split() for i in range(max(len(part) - 1, 1)))


def likeness_bp(one: frozenset[str], other: frozenset[str]) -> int:
    """Share of common pairs in the smaller of two titles. Units: basis points."""
    smaller = min(len(one), len(other))
    return 0 if not smaller else 10_000 * len(one & other) // smaller


def distance(lat: float | None, lon: float | None, to_lat: float | None, to_lon: float | None) -> int | None:
    """Distance of two points; None when one has no place. Units: metres."""
    if lat is None or lon is None or to_lat is None or to_lon is None:
        return None
    return round(metres((lat, lon), (to_lat, to_lon)))


def _overlap(matches: list[Match], rule: ScreeningRule) -> Iterable[Sign]:
    """Tell how many earlier and how many sector projects are like this one."""
    own = [m for m in matches if m.other.kind == "project"]
    sector = [m for m in matches if m.other.kind == "sector"]
    facts = {"years": rule.years.value, "metres": rule.metres.value}
    if own:
        yield _sign("PRJ-534", "title", Weight.WAIT, rule.years, count=len(own), first=own[0].other.title, **facts)
    if sector:
        first = sector[0].other.title
        yield _sign("PRJ-535", "no_duplicate", Weight.BAD, rule.sector_first, count=len(sector), first=first, **facts)


def _bunched(asked: Asked, rule: ScreeningRule) -> Iterable[Sign]:
    """Tell when an estimate lies just under a threshold."""
    for line in rule.thresholds.value:
        if line * (10_000 - rule.margin_bp.value) <= asked.estimate_fen * 10_000 < line * 10_000:
            yield _sign("PRJ-536", "estimate_fen", Weight.WAIT, rule.thresholds, estimate=asked.estimate_fen, line=line)


def _parts(
    asked: Asked, others: Sequence[Other], matches: list[Match], rule: ScreeningRule, recent: date
) -> list[Other]:
    """Find what may be parts of one project: of late, in the village, alike or at one place, or by the same builder."""
    alike = {m.other.id for m in matches if m.other.kind == "project"}
    mine = [o for o in others if o.kind == "project" and o.village == asked.village and o.day >= recent]
    close = [o for o in mine if o.id in alike or _beside(asked, o, rule)]
    builders = {o.contractor for o in close if o.contractor}
    return [o for o in mine if o in close or o.contractor in builders]


def _beside(asked: Asked, other: Other, rule: ScreeningRule) -> bool:
    away = distance(asked.lat, asked.lon, other.lat, other.lon)
    return away is not None and away <= rule.beside.value


def _split(asked: Asked, parts: list[Other], rule: ScreeningRule) -> Iterable[Sign]:
    """Tell when parts are each under a threshold and together over it."""
    if not parts or not asked.estimate_fen:
        return
    whole = asked.estimate_fen + sum(p.estimate_fen for p in parts)
    crossed = [
        line
        for line in rule.thresholds.value
        if asked.estimate_fen < line <= whole and all(p.estimate_fen < line for p in parts)
    ]
    if crossed:
        builders = sorted({p.contractor for p in parts if p.contractor})
        yield _sign(
            "PRJ-537", "estimate_fen", Weight.WAIT, rule.thresholds,
            count=len(parts) + 1, whole=whole, line=max(crossed), builders="、".join(builders) or "—",
        )  # fmt: skip


def _papers(asked: Asked, rule: ScreeningRule) -> Iterable[Sign]:
    """Tell which papers an amount or a category asks for and nobody has sent yet."""
    for kind, above in rule.papers_above.value.items():
        if asked.estimate_fen >= above and kind not in asked.papers:
            yield _sign("PRJ-538", kind, Weight.WAIT, rule.papers_above, paper=kind, above=above)
    for category, kind in rule.papers_of.value.items():
        if asked.category == category and kind not in asked.papers:
            yield _sign("PRJ-539", kind, Weight.WAIT, rule.papers_of, paper=kind)
