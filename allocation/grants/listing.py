"""Lists of the grants room: grants, loans."""

from __future__ import annotations

from allocation.grants.rules import GrantKind
from quzhou_migrants.web.listing import Column, Filter, Listing

GRANTS = Listing(
    key="grants",
    source="allocation_grant g",
    id="g.id",
    scope="g.division_code",
    descending=True,
    columns=(
        Column("id", "g.id", kind="int", shown=False, export=False),
        Column("name", "g.title", link="/grants/{id}"),
        Column("kind", "g.kind", kind="tag"),
        Column("place", "g.division_code", kind="division"),
        Column("year", "g.year", sort=True),
        Column("recipient", "g.recipient"),
        Column("amount_fen", "g.amount_fen", kind="money", sort=True),
        Column("checked_on", "g.checked_on", kind="date"),
        Column("paid_on", "g.paid_on", kind="date"),
        Column("state", "g.state", kind="state", machine="GRANT"),
    ),
    filters=(
        Filter("place", "g.division_code", kind="division"),
        Filter("kind", "g.kind = {}", choices=tuple(GrantKind)),
        Filter("year", "g.year = {}", kind="int"),
        Filter("state", "g.state = {}", machine="GRANT"),
    ),
    search=lambda _tx, text: ("(g.title LIKE {} OR g.recipient LIKE {})", [f"%{text}%", f"%{text}%"]),
)

LOANS = Listing(
    key="loans",
    source="allocation_loan l",
    id="l.id",
    scope="l.division_code",
    descending=True,
    columns=(
        Column("id", "l.id", kind="int", shown=False, export=False),
        Column("borrower", "l.borrower", link="/grants/loans/{id}"),
        Column("place", "l.division_code", kind="division"),
        Column("borrower_kind", "l.borrower_kind", kind="tag"),
        Column("lender", "l.lender"),
        Column("contract_no", "l.contract_no", kind="code"),
        Column("principal_fen", "l.principal_fen", kind="money", sort=True),
        Column("rate", "trim_scale(l.rate_ppm / 10000.0) || '%'", kind="code"),
        Column("starts_on", "l.starts_on", kind="date", sort=True),
        Column("ends_on", "l.ends_on", kind="date"),
        Column(
            "given_fen",
            "(SELECT coalesce(sum(coalesce(g.due_fen, g.amount_fen)), 0)::bigint FROM allocation_grant g"
            " WHERE g.loan = l.id AND g.state IN ('approved', 'paid', 'recalled', 'recovered'))",
            kind="money",
        ),
    ),
    filters=(
        Filter("place", "l.division_code", kind="division"),
        Filter("borrower_kind", "l.borrower_kind = {}", choices=("household", "coop", "enterprise")),
    ),
    search=lambda _tx, text: ("(l.borrower LIKE {} OR l.contract_no = {})", [f"%{text}%", text]),
)
