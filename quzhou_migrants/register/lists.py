"""The lists of the register: one declaration each. None carries a number, so none needs masking."""

from __future__ import annotations

from typing import Any

from stdnum import luhn

from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.ids import birth_of, check_digit, clean
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.rules import household_code
from quzhou_migrants.register.sealing import bank_blind, id_blind
from quzhou_migrants.register.words import Relation, Support
from quzhou_migrants.web.divisions import known_places
from quzhou_migrants.web.listing import Column, Filter, Listing, Secret

PLACE = "division_code"
ID_LENGTH, BANK_LENGTH = 18, 15
CARD = "62"  # how a card of a Chinese bank begins
LAST = "\U0010ffff"  # sorts after every code that begins the same
Found = tuple[str, list[Any]]


def seal(text: str) -> str:
    """Give what stands for a resident ID or a bank account in an address; "" for any other text.

    A bureau's own household codes may have as many digits, so only what passes every check of such a number is one.
    """
    number = clean(text)
    if len(number) == ID_LENGTH and number[:17].isdecimal() and birth_of(number) and check_digit(number) == number[17]:
        return f"p{id_blind(number).hex()}"
    if number.isdecimal() and number.startswith(CARD) and len(number) >= BANK_LENGTH and luhn.is_valid(number):
        return f"b{blind.hex()}" if (blind := bank_blind(number)) else ""
    return ""


def _blind(sealed: str) -> bytes:
    try:
        return bytes.fromhex(sealed[1:])
    except ValueError:
        return b""  # somebody's own invention finds nobody


def sealed_household(_tx: Tx, sealed: str) -> Found:
    """Find the household of a person, or the one with a bank account."""
    if sealed.startswith("b"):
        return "bank_blind = {}", [_blind(sealed)]
    found = "SELECT household FROM register_member WHERE id_blind = {} AND state = 'active'"
    return f"id IN ({found})", [_blind(sealed)]


def sealed_member(_tx: Tx, sealed: str) -> Found:
    """Find a person."""
    return "m.id_blind = {}", [_blind(sealed)]


def find_household(tx: Tx, text: str) -> Found:
    """Find by the beginning of a household code or a whole account, else by any member's name or the village."""
    number, code = clean(text), household_code(text)
    if number.isdecimal() and len(number) >= BANK_LENGTH:
        return "bank_blind = {} OR (code >= {} AND code < {})", [bank_blind(number), code, code + LAST]
    if code and any(c.isdecimal() for c in code):
        return "code >= {} AND code < {}", [code, code + LAST]
    if villages := known_places().villages_named(text, tx.actor.division_code):
        return f"name_grams @> {{}} OR {PLACE} = ANY ({{}}::text[])", [query_grams(text), villages]
    return "name_grams @> {}", [query_grams(text)]


def find_member(tx: Tx, text: str) -> Found:
    """Find by any part of the name, else by the village."""
    home, part = "SELECT id FROM register_household WHERE name_grams @> {}", "strpos(m.name, {}) > 0"
    grams, name = query_grams(text), fold(text)
    if villages := known_places().villages_named(text, tx.actor.division_code):
        here = f"{PLACE} = ANY ({{}}::text[])"
        return f"m.household IN ({home} OR {here}) AND ({part} OR m.{here})", [grams, villages, name, villages]
    return f"m.household IN ({home}) AND {part}", [grams, name]


HOUSEHOLDS = Listing(
    "households",
    "register_household",
    (
        Column("id", shown=False),
        Column("head_name", link="/register/households/{id}", sort="sort_key"),
        Column("code", sort=True),
        Column("division_code", kind="division"),
        Column("support", kind="tag"),
        Column("low_income", kind="bool"),
        Column("members", kind="int"),
        Column("migrants", kind="int"),
        Column("reservoir"),
        Column("state", kind="state", machine="register.household"),
    ),
    scope=PLACE,
    order=(PLACE, "code"),
    filters=(
        Filter("division", PLACE, kind="division"),
        Filter("support", "support = {}", choices=tuple(Support)),
        Filter("low_income", "low_income", kind="flag"),
        Filter("closed", "state = 'closed'", kind="flag"),  # written out, so that the partial index serves it
    ),
    search=find_household,
    secret=Secret(seal, sealed_household),
)

MEMBERS = Listing(
    "members",
    "register_member m JOIN register_household h ON h.id = m.household",
    (
        Column("household", sql="m.household", shown=False),
        Column("id_cipher", sql="m.id_cipher", shown=False),
        Column("name", sql="m.name", link="/register/households/{household}"),
        Column("code", sql="h.code"),
        Column("division_code", sql="m.division_code", kind="division"),
        Column("relation", sql="m.relation", kind="tag"),
        Column("sex", sql="m.sex", kind="tag"),
        Column("birth_year", sql="extract(year FROM m.born_on)::int::text"),
        Column("migrant", sql="m.migrant", kind="bool"),
    ),
    id="m.id",
    scope="m.division_code",
    where="m.state = 'active'",
    order=("m.division_code",),
    filters=(
        Filter("division", "m.division_code", kind="division"),
        Filter("relation", "m.relation = {}", choices=tuple(Relation)),
        Filter("migrant", "m.migrant", kind="flag"),
    ),
    search=find_member,
    secret=Secret(seal, sealed_member),
    export=False,  # people leave as a roster with masked numbers, see documents.py
)

IMPORTS = Listing(
    "imports",
    "register_import",
    (
        Column("id", shown=False),
        Column("file_name", link="/register/imports/{id}"),
        Column("rows_total", kind="int"),
        Column("households_total", kind="int"),
        Column("state", kind="state", machine="register.import"),
        Column("created_name"),
        Column("created_at", kind="datetime"),
        Column("applied_at", kind="datetime"),
    ),
    scope=PLACE,
    descending=True,
    filters=(Filter("state", "state = {}", machine="register.import"),),
    export=False,
)
