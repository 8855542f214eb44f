"""How the contractor has to be found: by public tender, or by one of the village's smaller ways.

Source: 招标投标法 第三、二十八条; 国家发展改革委令第16号 第二、五条 (before 2018-06-01 国家发展计划委员会令第3号
第七条); 招标投标法实施条例 第二十六、五十八条; domain 1.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from projects.rules import Bound, Line
from quzhou_migrants.kernel.money import Fen

WHOLE_BP = 10_000
TENDER = "tender"


class Kind(StrEnum):
    """What is bought."""

    WORKS = "works"
    GOODS = "goods"
    SERVICES = "services"


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules of the day on which bids were opened, for one kind of purchase.

    Shape: `ways` rows are {from_fen, methods}: the highest row not above the amount names the methods.
    Units: fen, basis points.
    """

    tender_fen: Bound[Fen]
    public_fen: Bound[Fen]
    public_bp: Bound[int]
    ways: Bound[Sequence[Mapping[str, Any]]]
    bids_from_fen: Bound[Fen]
    least_bidders: Bound[int]
    least_quotes: Bound[int]
    bid_bond_bp: Bound[int]


@dataclass(frozen=True, slots=True)
class Deal:
    """One purchase: its control price, the public money in it, the whole investment. Units: fen."""

    amount_fen: Fen
    public_fen: Fen
    investment_fen: Fen


@dataclass(frozen=True, slots=True)
class Offer:
    """One bid. Units: fen."""

    bidder: str
    credit_code: str
    price_fen: Fen
    won: bool


def must_tender(deal: Deal, terms: Terms) -> bool:
    """Tell whether the law asks for a public tender: each bound counts from its own value on."""
    return (
        deal.amount_fen >= terms.tender_fen.value
        and deal.public_fen >= terms.public_fen.value
        and deal.public_fen * WHOLE_BP >= deal.investment_fen * terms.public_bp.value
    )


def methods(deal: Deal, terms: Terms) -> tuple[str, ...]:
    """Name the ways that stand open for a purchase, in the pack's order."""
    if must_tender(deal, terms):
        return (TENDER,)
    rows = [row for row in terms.ways.value if row["from_fen"] <= deal.amount_fen]
    highest = max(rows, key=lambda row: int(row["from_fen"]), default={"methods": (TENDER,)})
    return tuple(str(name) for name in highest["methods"])


def explain(deal: Deal, method: str, terms: Terms) -> list[Line]:
    """Say which way the rules ask for, and whether the chosen one is among them. Codes: PRJ-451, PRJ-452."""
    asked = must_tender(deal, terms)
    facts = {
        "amount": deal.amount_fen,
        "threshold": terms.tender_fen.value,
        "public": deal.public_fen,
        "public_need": terms.public_fen.value,
        "share": deal.public_fen * WHOLE_BP // deal.investment_fen if deal.investment_fen else WHOLE_BP,
        "share_need": terms.public_bp.value,
        "must": asked,
    }
    by_law = Line("PRJ-451", "method", not asked or method == TENDER, *_cited(terms.tender_fen), facts)
    if asked:
        return [by_law]
    open_ways = methods(deal, terms)
    way = Line("PRJ-452", "method", method in open_ways, *_cited(terms.ways), {"method": method, "ways": open_ways})
    return [by_law, way]


def check_offers(deal: Deal, method: str, offers: Sequence[Offer], terms: Terms) -> list[Line]:
    """Judge the bids. Codes: PRJ-453 (too few), PRJ-454 (one winner), PRJ-455 (price), PRJ-456 (bidder twice)."""
    if not bids_needed(deal, method, terms):
        return []
    least = terms.least_bidders if method == TENDER else terms.least_quotes
    won = [o for o in offers if o.won]
    codes = [o.credit_code for o in offers]
    lines = [
        Line(
            "PRJ-453", "bids", len(offers) >= least.value, *_cited(least), {"count": len(offers), "need": least.value}
        ),
        Line("PRJ-456", "bids", len(codes) == len(set(codes)), *_cited(least), {"count": len(set(codes))}),
        Line("PRJ-454", "bids", len(won) == 1, *_cited(least), {"count": len(won)}),
    ]
    if len(won) == 1:
        facts = {"price": won[0].price_fen, "control": deal.amount_fen}
        lines.append(Line("PRJ-455", "bids", won[0].price_fen <= deal.amount_fen, *_cited(terms.ways), facts))
    return lines


def check_bond(deal: Deal, bond_fen: Fen, terms: Terms) -> Line:
    """A bid bond stays under its share of the control price. Code: PRJ-457."""
    most = deal.amount_fen * terms.bid_bond_bp.value // WHOLE_BP
    facts = {"bond": bond_fen, "most": most, "share": terms.bid_bond_bp.value}
    return Line("PRJ-457", "bond_fen", bond_fen <= most, *_cited(terms.bid_bond_bp), facts)


def bids_needed(deal: Deal, method: str, terms: Terms) -> bool:
    """Tell whether bids are recorded at all: a tender always has them, small own labour has none."""
    return method == TENDER or deal.amount_fen >= terms.bids_from_fen.value


def _cited(bound: Bound[Any]) -> tuple[str, bool]:
    return bound.source, bound.confirmed
