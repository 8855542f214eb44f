"""The list of rounds, and the reserve to choose candidates from."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

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
