"""Lists of claims, of projects money may be claimed for, of retention, of money asked back, of deputies."""

from __future__ import annotations

from allocation.payments.rules import Kind
from quzhou_migrants.web.listing import Column, Filter, Listing

_NEXT = (
    "(CASE c.state WHEN 'submitted' THEN c.steps ->> (SELECT count(*)::int FROM allocation_signature s"
    " WHERE s.claim = c.id AND s.attempt = c.attempt) WHEN 'signed' THEN 'payment' WHEN 'paid' THEN CASE WHEN EXISTS"
    " (SELECT 1 FROM allocation_bank_line b WHERE b.source_id = c.id AND b.result = 'returned'"
    " AND b.source_table = 'allocation_claim') AND c.amount_fen > (SELECT sum(b.paid_fen - b.returned_fen)"
    " FROM allocation_bank_line b WHERE b.source_table = 'allocation_claim' AND b.source_id = c.id"
    " AND b.result <> 'withdrawn') THEN 'again' ELSE '' END ELSE '' END)"
)
HANDS = ("village_clerk", "township_clerk", "county_leader", "county_finance", "payment", "again")

CLAIMS = Listing(
    key="claims",
    source="allocation_claim c JOIN projects_project p ON p.id = c.project",
    id="c.id",
    scope="c.division_code",
    order=(),
    descending=True,
    columns=(
        Column("claim_id", "c.id", kind="int", shown=False),
        Column("project_title", "p.title", link="/claims/{claim_id}"),
        Column("place", "c.division_code", kind="division"),
        Column("kind_title", "c.kind", kind="tag"),
        Column("amount_fen", "c.amount_fen", kind="money", sort=True),
        Column("payee", "c.payee"),
        Column("invoice", "c.invoice_number"),
        Column("submitted_at", "c.submitted_at", kind="date"),
        Column("state", "c.state", kind="state", machine="CLAIM"),
        Column("waits_for", _NEXT, kind="tag"),
    ),
    filters=(
        Filter("place", "c.division_code", kind="division"),
        Filter("kind", "c.kind = {}", choices=tuple(Kind)),
        Filter("state", "c.state = {}", machine="CLAIM"),
        Filter("waits_for", f"{_NEXT} = {{}}", choices=HANDS),
        Filter("since", "(c.submitted_at AT TIME ZONE 'Asia/Shanghai')::date >= {}", kind="date"),
    ),
    search=lambda _tx, text: (
        "(p.title LIKE {} OR c.payee LIKE {} OR c.invoice_number = {})",
        [f"%{text}%", f"%{text}%", text],
    ),
)

CLAIMABLE = Listing(
    key="claimable",
    source="projects_project p",
    id="p.id",
    scope="p.division_code",
    where=(
        "p.state IN ('contracted', 'building', 'completed', 'pre_accepted', 'audited', 'accepted')"
        " AND p.contract_fen > 0"
    ),
    descending=True,
    columns=(
        Column("project_id", "p.id", kind="int", shown=False),
        Column("project_title", "p.title", link="/claims/project/{project_id}"),
        Column("place", "p.division_code", kind="division"),
        Column("contractor", "p.contractor"),
        Column("award_fen", "p.award_fen", kind="money", sort=True),
        Column("contract_fen", "p.contract_fen", kind="money", sort=True),
        Column(
            "claimed_fen",
            "(SELECT coalesce(sum(c.amount_fen), 0)::bigint FROM allocation_claim c"
            " WHERE c.project = p.id AND c.state IN ('submitted', 'signed', 'paid'))"
            " - (SELECT coalesce(sum(r.returned_fen), 0)::bigint FROM allocation_refund r WHERE r.project = p.id)",
            kind="money",
        ),
        Column("progress_bp", "p.progress_bp", kind="bp", sort=True),
        Column("state", "p.state", kind="state", machine="PROJECT"),
    ),
    filters=(
        Filter("place", "p.division_code", kind="division"),
        Filter(
            "state",
            "p.state = {}",
            machine="PROJECT",
            choices=("contracted", "building", "completed", "pre_accepted", "audited", "accepted"),
        ),
    ),
    search=lambda _tx, text: (
        "(p.title LIKE {} OR p.contractor LIKE {} OR p.code = {})",
        [f"%{text}%", f"%{text}%", text],
    ),
)

_HELD = (
    "(SELECT coalesce(sum(b.balance_fen), 0)::bigint FROM allocation_balance b"
    " WHERE b.project = r.project AND b.kind = 'retained')"
)
_LEFT = "(r.due_on - current_setting('app.today')::date)"
RETENTIONS = Listing(
    key="retentions",
    source="allocation_retention r JOIN projects_project p ON p.id = r.project",
    id="r.id",
    scope="r.division_code",
    order=("r.due_on",),
    columns=(
        Column("project_id", "r.project", kind="int", shown=False),
        Column("project_title", "p.title", link="/claims/project/{project_id}"),
        Column("place", "r.division_code", kind="division"),
        Column("contractor", "p.contractor"),
        Column("held_fen", _HELD, kind="money"),
        Column("accepted_on", "r.accepted_on", kind="date"),
        Column("due_on", "r.due_on", kind="date", sort=True),
        Column("days_left", f"CASE WHEN {_HELD} > 0 THEN {_LEFT} END", kind="int"),
        Column(
            "stands",
            f"CASE WHEN {_HELD} = 0 THEN 'given' WHEN {_LEFT} <= 0 THEN 'over'"
            f" WHEN {_LEFT} <= current_setting('app.soon')::int THEN 'soon' ELSE 'kept' END",
            kind="tag",
        ),
        Column(
            "defects",
            "(SELECT count(*) FROM projects_defect f WHERE f.project = r.project AND f.state <> 'confirmed')",
            kind="int",
        ),
    ),
    filters=(
        Filter("place", "r.division_code", kind="division"),
        Filter(
            "due",
            f"{_HELD} > 0"
            f" AND CASE {{}} WHEN 'over' THEN {_LEFT} <= 0"
            f" ELSE {_LEFT} BETWEEN 0 AND current_setting('app.soon')::int END",
            choices=("over", "soon"),
        ),
        Filter("held", f"{_HELD} > 0", kind="flag"),
    ),
    search=lambda _tx, text: (
        "(p.title LIKE {} OR p.contractor LIKE {} OR p.code = {})",
        [f"%{text}%", f"%{text}%", text],
    ),
)

REFUNDS = Listing(
    key="refunds",
    source="allocation_refund r LEFT JOIN projects_project p ON p.id = r.project"
    " LEFT JOIN allocation_grant g ON g.id = r.of_grant",
    id="r.id",
    scope="r.division_code",
    descending=True,
    columns=(
        Column("refund_id", "r.id", kind="int", shown=False, export=False),
        Column("project_title", "coalesce(p.title, g.title)", link="/claims/refunds/{refund_id}"),
        Column("place", "r.division_code", kind="division"),
        Column("payee", "r.payee"),
        Column("doc_no", "r.doc_no"),
        Column("amount_fen", "r.amount_fen", kind="money", sort=True),
        Column("asked_on", "r.asked_on", kind="date"),
        Column("due_on", "r.due_on", kind="date", sort=True),
        Column("returned_fen", "r.returned_fen", kind="money"),
        Column("returned_on", "r.returned_on", kind="date"),
        Column("state", "r.state", kind="state", machine="REFUND"),
    ),
    filters=(
        Filter("place", "r.division_code", kind="division"),
        Filter("state", "r.state = {}", machine="REFUND"),
    ),
    search=lambda _tx, text: (
        "(coalesce(p.title, g.title) LIKE {} OR r.payee LIKE {} OR r.doc_no = {})",
        [f"%{text}%", f"%{text}%", text],
    ),
)

DEPUTIES = Listing(
    key="deputies",
    source="allocation_deputy d",
    id="d.id",
    scope="d.division_code",
    descending=True,
    columns=(
        Column("deputy_id", "d.id", kind="int", shown=False),
        Column("principal_name", "d.principal_name", link="/claims/deputies/{deputy_id}"),
        Column("role", "d.role", kind="tag"),
        Column("place", "d.division_code", kind="division"),
        Column("deputy_name", "d.deputy_name"),
        Column("starts_on", "d.starts_on", kind="date", sort=True),
        Column("ends_on", "d.ends_on", kind="date", sort=True),
        Column("limit_fen", "d.limit_fen", kind="money"),
        Column("doc_no", "d.doc_no"),
        Column("state", "d.state", kind="state", machine="DEPUTY"),
    ),
    filters=(
        Filter("place", "d.division_code", kind="division"),
        Filter("state", "d.state = {}", machine="DEPUTY"),
        Filter(
            "today",
            "(d.state = 'standing' AND current_setting('app.today')::date BETWEEN d.starts_on AND d.ends_on)"
            " = ({} = 'yes')",
            choices=("yes", "no"),
        ),
    ),
    search=lambda _tx, text: (
        "(d.principal_name LIKE {} OR d.deputy_name LIKE {} OR d.doc_no = {})",
        [f"%{text}%", f"%{text}%", text],
    ),
)
