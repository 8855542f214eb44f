"""Lists of the competitive room: rounds, how far reviews are, an expert's own reviews, scores far off."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

HINTS = "SELECT count(*) FROM allocation_conflict_hint h WHERE h.expert = d.expert AND h.candidate = d.candidate"

ROUNDS = Listing(
    key="rounds",
    source="allocation_round r",
    id="r.id",
    scope="r.division_code",
    descending=True,
    columns=(
        Column("round_id", "r.id", kind="int", shown=False, export=False),
        Column("round_title", "r.title", link="/rounds/{round_id}"),
        Column("county", "r.division_code", kind="division"),
        Column("budget_fen", "r.budget_fen", kind="money", sort=True),
        Column("candidates", "(SELECT count(*) FROM allocation_candidate c WHERE c.round = r.id)", kind="int"),
        Column("score_by", "r.score_by", kind="date", sort=True),
        Column("decide_by", "r.decide_by", kind="date", sort=True),
        Column("state", "r.state", kind="state", machine="ROUND"),
    ),
    filters=(Filter("county", "r.division_code", kind="division"), Filter("state", "r.state = {}", machine="ROUND")),
    search=lambda _tx, text: ("r.title LIKE {}", [f"%{text}%"]),
)

PROGRESS = Listing(
    key="progress",
    source="allocation_declaration d JOIN allocation_expert e ON e.id = d.expert"
    " JOIN allocation_candidate c ON c.id = d.candidate",
    id="d.id",
    scope="d.division_code",
    order=("e.seat", "c.code"),
    columns=(
        Column("review_id", "d.id", kind="int", shown=False, export=False),
        Column("round_id", "d.round", kind="int", shown=False, export=False),
        Column("seat", "e.seat", kind="int", sort=True),
        Column("expert_name", "e.name"),
        Column("project_title", "c.title", link="/rounds/{round_id}/reviews/{review_id}"),
        Column("code", "c.code", sort=True),
        Column("hints", f"({HINTS})", kind="int"),
        Column("explained", "d.explained"),
        Column("done_at", "d.done_at", kind="datetime"),
        Column("state", "d.state", kind="state", machine="REVIEW"),
    ),
    filters=(
        Filter("seat", "e.seat = {}", kind="int", whole=True),
        Filter("state", "d.state = {}", machine="REVIEW"),
        Filter("cleared", f"({HINTS}) > 0 AND d.state IN ('opened', 'scored')", kind="flag"),
    ),
)
"""How far every review of a round is; no score is in it."""

REVIEWS = Listing(
    key="reviews",
    source="allocation_declaration d JOIN allocation_candidate c ON c.id = d.candidate",
    id="d.id",
    where="d.state NOT IN ('recused', 'void')",
    order=("c.code",),
    columns=(
        Column("review_id", "d.id", kind="int", shown=False, export=False),
        Column("project_title", "c.title", link="/reviews/{review_id}"),
        Column("code", "c.code", sort=True),
        Column("place", "c.place"),
        Column("asked_fen", "c.asked_fen", kind="money", sort=True),
        Column("done_at", "d.done_at", kind="datetime"),
        Column("state", "d.state", kind="state", machine="REVIEW"),
    ),
    filters=(
        Filter("state", "d.state = {}", machine="REVIEW", choices=("not_opened", "opened", "abstained", "scored")),
    ),
    search=lambda _tx, text: ("(c.title LIKE {} OR c.code = {})", [f"%{text}%", text]),
)
"""What one expert has to review; what is recused is not there, in no count and in no export."""

OUTLIERS = Listing(
    key="outliers",
    source="allocation_outlier o JOIN allocation_candidate c ON c.id = o.candidate"
    " JOIN allocation_expert e ON e.id = o.expert",
    id="o.id",
    scope="o.division_code",
    order=("e.seat", "c.code"),
    columns=(
        Column("candidate_id", "c.id", kind="int", shown=False, export=False),
        Column("round_id", "o.round", kind="int", shown=False, export=False),
        Column("seat", "e.seat", kind="int", sort=True),
        Column("expert_name", "e.name"),
        Column("project_title", "c.title", link="/rounds/{round_id}/candidates/{candidate_id}"),
        Column("code", "c.code", sort=True),
        Column("total", "o.total"),
        Column("median", "o.median"),
        Column("distance", "o.distance", sort="o.distance::numeric"),
        Column("dropped", "o.dropped", kind="bool"),
    ),
    filters=(
        Filter("seat", "e.seat = {}", kind="int", whole=True),
        Filter("counted", "NOT o.dropped", kind="flag"),
    ),
)
"""Scores far from the panel's median, once scoring is closed."""
