"""Schemes, rankings made by them, the place of every project, and every place given by hand."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, SmallInt, Text, Varchar

from projects.tables import Project
from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fk,
    index,
    state_column,
)


@business(down=True)
class RankingScheme(Table, tablename="projects_scheme"):
    """One version of a division's scheme. Shape: `criteria` as the rules read them, frozen once published."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    number = SmallInt(null=False)
    title = Varchar(length=120, null=False)
    criteria = JSONB(null=False, default="[]")
    ties = JSONB(null=False, default="[]")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    doc_no = Varchar(length=80, null=False, default="")
    published_on = Date(null=True, default=None)
    published_by = Varchar(length=120, null=False, default="")
    policy_version = Varchar(length=80, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_scheme_number = Unique(["division_code", "number"])


index("projects_scheme_one_in_force", "UNIQUE projects_scheme (division_code) WHERE state = 'published'")


@business(down=True)
class Ranking(Table, tablename="projects_ranking"):
    """One ranking of a county's reserve: by which scheme, from which inputs (hash), published when."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    scheme = fk(RankingScheme)
    title = Varchar(length=120, null=False)
    ranked_on = Date(null=False)
    projects = Integer(null=False)
    moved = Integer(null=False, default=0)
    inputs_sha256 = Varchar(length=64, null=False)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    published_on = Date(null=True, default=None)
    published_by = Varchar(length=120, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)


index("projects_ranking_one_in_force", "UNIQUE projects_ranking (division_code) WHERE state = 'published'")


@business()
class RankingRow(Table, tablename="projects_ranking_row"):
    """The place of one project. Shape: `given` {criterion: "n/d"}, `score` an exact fraction of points.

    `computed` is the place the scheme gave, `rank` the one that holds; both are unique, so ties are impossible.
    """

    id = BigSerial(primary_key=True)
    ranking = fk(Ranking)
    project = fk(Project)
    division_code = DivisionCode()
    computed = Integer(null=False)
    rank = Integer(null=False)
    score = Text(null=False)
    given = JSONB(null=False, default="{}")
    tie = Varchar(length=24, null=False, default="")
    moved = Boolean(null=False, default=False)
    is_demo = Boolean(null=False, default=False)

    projects_ranking_row_once = Unique(["ranking", "project"])
    projects_ranking_row_computed = Unique(["ranking", "computed"])
    projects_ranking_row_rank = Unique(["ranking", "rank"])
    projects_ranking_row_place = Check("rank <> 0 AND computed > 0")


index("projects_ranking_row_keyset", "projects_ranking_row (ranking, rank, id)")


@business(append_only=True)
class RankingMove(Table, tablename="projects_ranking_move"):
    """One place given by hand: from where to where, why, by whom."""

    id = BigSerial(primary_key=True)
    ranking = fk(Ranking)
    project = fk(Project)
    division_code = DivisionCode()
    from_rank = Integer(null=False)
    to_rank = Integer(null=False)
    reason = Text(null=False)
    author = Varchar(length=120, null=False, default="")
    author_title = Varchar(length=160, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_ranking_move_reasoned = Check("reason <> ''")
