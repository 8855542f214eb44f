"""The lists of the register: one declaration each. None carries a number, so none needs masking."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.ids import clean
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.rules import household_code
from quzhou_migrants.register.sealing import bank_blind, id_blind
from quzhou_migrants.register.words import Relation, Support
from quzhou_migrants.web.listing import Column, Filter, Listing

PLACE = "division_code"
ID_LENGTH, BANK_LENGTH = 18, 15
LAST = "\U0010ffff"  # sorts after every code that begins the same
Found = tuple[str, list[Any]]


def _is_id(text: str) -> bool:
    return len(text) == ID_LENGTH and text[:17].isdecimal()


def find_household(_tx: Tx, text: str) -> Found:
    """Find by a whole resident ID or bank account, the beginning of a household code, else any member's name."""
    number, code = clean(text), household_code(text)
    if _is_id(number):
        found = "SELECT household FROM register_member WHERE id_blind = {} AND state = 'active'"
        return f"id IN ({found})", [id_blind(number)]
    if number.isdecimal() and len(number) >= BANK_LENGTH:
        return "bank_blind = {} OR (code >= {} AND code < {})", [bank_blind(number), code, code + LAST]
    if code and any(c.isdecimal() for c in code):
        return "code >= {} AND code < {}", [code, code + LAST]
    return "name_grams @> {}", [query_grams(text)]


def find_member(_tx: Tx, text: str) -> Found:
    """Find by a whole resident ID, else by any part of the name."""
    number = clean(text)
    if _is_id(number):
        return "m.id_blind = {}", [id_blind(number)]
    home = "SELECT id FROM register_household WHERE name_grams @> {}"
    return f"m.household IN ({home}) AND strpos(m.name, {{}}) > 0", [query_grams(text), fold(text)]


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
