"""The list of claims and the list of projects money may be claimed for, one declaration each."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

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
    ),
    filters=(
        Filter("place", "c.division_code", kind="division"),
        Filter("kind", "c.kind = {}", choices=("advance", "progress", "settlement")),
        Filter("state", "c.state = {}", machine="CLAIM"),
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
            " WHERE c.project = p.id AND c.state IN ('submitted', 'signed', 'paid'))",
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
