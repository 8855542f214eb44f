"""Commands of the ranking: draft and publish a scheme, rank by it, give a place by hand, publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from projects.permissions import P
from projects.queries import lock, subject
from projects.ranking import queries, rules
from projects.ranking.forms import SchemeForm
from projects.ranking.parameters import MEASURES, from_row, pack_scheme, to_json
from projects.ranking.rules import Candidate, Criterion, Ranked, Scheme
from projects.ranking.states import RANKING, SCHEME, RankingState, SchemeState
from projects.ranking.tables import Ranking, RankingScheme
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(二)1"


@command(P.RANK_RESERVE, audit="projects.ranking.scheme")
async def draft_scheme(tx: Tx, form: SchemeForm) -> int:
    """Draft the next version of the caller's scheme from the criteria that the pack names.

    Raises: Invalid PRJ-250 to 252 with everything that is wrong.
    """
    scheme = _typed(pack_scheme(tx.policy), form)
    found = rules.check_scheme(scheme, MEASURES)
    if found:
        raise Invalid(found)
    division = tx.actor.division_code
    criteria, ties = to_json(scheme)
    number = await tx.conn.fetchval(
        "SELECT coalesce(max(number), 0) + 1 FROM projects_scheme WHERE division_code = $1", division
    )
    scheme_id = await tx.conn.fetchval(
        "INSERT INTO projects_scheme (division_code, number, title, criteria, ties, state, policy_version,"
        " created_by, created_at) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, 'draft', $6, $7, $8) RETURNING id",
        division,
        number,
        form.title,
        criteria,
        ties,
        tx.policy.version,
        tx.actor.user_id,
        tx.now,
    )
    await tx.note(("projects_scheme", scheme_id, division), "projects.ranking.scheme", clause=CLAUSE)
    return int(scheme_id)


def _typed(base: Scheme, form: SchemeForm) -> Scheme:
    """Put the typed weights and marks on the criteria that the pack describes; a changed one is nobody's clause yet."""
    known = {c.key: c for c in base.criteria}
    criteria = []
    for one in form.criteria:
        c = known.get(one.key)
        if c is None:
            raise Refused("PRJ-252", field="criteria")
        zero, full = Fraction(one.zero), Fraction(one.full)
        same = (c.weight_bp, c.zero, c.full) == (one.weight_bp, zero, full)
        criteria.append(
            Criterion(c.key, c.title, c.unit, one.weight_bp, zero, full, c.source, confirmed=c.confirmed and same)
        )
    chosen = [t for t in dict.fromkeys(form.ties) if t != rules.CODE]
    return Scheme(tuple(c for c in criteria if c.weight_bp), (*chosen, rules.CODE))


@command(P.PUBLISH_RANKING, audit="projects.ranking.scheme_publish")
async def publish_scheme(tx: Tx, scheme_id: int, doc_no: str, seen: int) -> Row:
    """Publish a scheme under a document; the version in force until now is superseded.

    Raises: Refused PRJ-256, PRJ-263, KRN-409; Invalid PRJ-250 to 252.
    """
    row = await queries.scheme(tx, scheme_id, lock=True)
    _own(tx, row)
    _as_seen(row, seen)
    if row["state"] != SchemeState.DRAFT:
        raise Refused("PRJ-263")
    before = await tx.conn.fetchrow(
        "SELECT * FROM projects_scheme WHERE division_code = $1 AND state = 'published' FOR UPDATE",
        row["division_code"],
    )
    if before:
        await fire(tx, SCHEME, RankingScheme, dict(before), "supersede", by=row["number"])
    return await fire(
        tx,
        SCHEME,
        RankingScheme,
        row,
        "publish",
        clause=CLAUSE,
        problems=rules.check_scheme(from_row(row), MEASURES),
        doc_no=doc_no,
        sets={"doc_no": doc_no, "published_on": tx.today, "published_by": tx.actor.name},
    )


@command(P.RANK_RESERVE, audit="projects.ranking.scheme_discard")
async def discard_scheme(tx: Tx, scheme_id: int, seen: int) -> Row:
    """Put a drafted scheme aside. Raises: Refused KRN-408, KRN-409."""
    row = await queries.scheme(tx, scheme_id, lock=True)
    _own(tx, row)
    _as_seen(row, seen)
    return await fire(tx, SCHEME, RankingScheme, row, "discard")


def _as_seen(row: Row, seen: int) -> None:
    """Whoever acts must have looked at the row as it stands."""
    if row["version"] != seen:
        raise Refused("PRJ-264")


def _own(tx: Tx, row: Row) -> None:
    """A division orders its own reserve and publishes its own scheme; the machine itself acts for all."""
    if tx.actor.division_code not in {"", row["division_code"]}:
        raise Refused("PRJ-260")


@command(P.RANK_RESERVE, audit="projects.ranking.make")
async def make(tx: Tx) -> int:
    """Rank the caller's reserve by the scheme in force; answer the ranking, which is a draft until published.

    Raises: Refused PRJ-258 (no scheme), PRJ-259 (nothing to rank), PRJ-260 (not a county).
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    county = tx.actor.division_code
    name = await tx.conn.fetchval("SELECT name FROM kernel_division WHERE code = $1 AND level = 'county'", county)
    if name is None:
        raise Refused("PRJ-260")
    scheme_row = await queries.scheme_in_force(tx, county)
    if scheme_row is None:
        raise Refused("PRJ-258")
    candidates, homes = await queries.candidates(tx, county, tx.policy.get("projects.ranking.ready_papers"))
    if not candidates:
        raise Refused("PRJ-259")
    ranked = rules.rank(from_row(scheme_row), candidates)
    title = CATALOGUE.text("projects.ranking.title").format(county=name, day=tx.today)
    ranking_id = await _insert(tx, county, scheme_row["id"], title, candidates)
    await _insert_rows(tx, ranking_id, ranked, candidates, homes)
    subject_of = ("projects_ranking", ranking_id, county)
    await tx.note(subject_of, "projects.ranking.make", clause=CLAUSE, projects=len(ranked), scheme=scheme_row["number"])
    return ranking_id


async def _insert(tx: Tx, county: str, scheme_id: int, title: str, candidates: Sequence[Candidate]) -> int:
    number = await tx.conn.fetchval(
        "INSERT INTO projects_ranking (division_code, scheme, title, ranked_on, projects, inputs_sha256, state,"
        " created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8) RETURNING id",
        county,
        scheme_id,
        title,
        tx.today,
        len(candidates),
        inputs_hash(candidates),
        tx.actor.user_id,
        tx.now,
    )
    return int(number)


def inputs_hash(candidates: Sequence[Candidate]) -> str:
    """Name what a ranking was made from: SHA-256 over code, admission and values, a line each, by code."""
    digest = hashlib.sha256()
    for c in sorted(candidates, key=lambda c: c.code):
        line = json.dumps([c.code, c.admitted_on.isoformat(), queries.written(dict(c.values))], sort_keys=True)
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


_ROWS = """
INSERT INTO projects_ranking_row (ranking, project, division_code, computed, rank, score, given, tie)
SELECT $1, x.project, x.home, x.rank, x.rank, x.score, x.given::jsonb, x.tie
FROM unnest($2::bigint[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[])
  AS x (project, home, rank, score, given, tie)
"""


async def _insert_rows(
    tx: Tx, ranking_id: int, ranked: Sequence[Ranked], candidates: Sequence[Candidate], homes: dict[int, str]
) -> None:
    given = {c.id: json.dumps(queries.written(dict(c.values))) for c in candidates}
    await tx.conn.execute(
        _ROWS,
        ranking_id,
        [r.id for r in ranked],
        [homes[r.id] for r in ranked],
        [r.rank for r in ranked],
        [str(r.score) for r in ranked],
        [given[r.id] for r in ranked],
        [r.tie for r in ranked],
    )


_OUT = "UPDATE projects_ranking_row SET rank = -rank WHERE ranking = $1 AND rank BETWEEN $2 AND $3"
_IN = """
UPDATE projects_ranking_row SET rank = CASE WHEN project = $4 THEN $5 ELSE -rank + $6 END,
  moved = moved OR project = $4
WHERE ranking = $1 AND rank BETWEEN -$3::int AND -$2::int
"""


@command(P.RANK_RESERVE, audit="projects.ranking.move")
async def move(tx: Tx, ranking_id: int, project_id: int, to: int, reason: str, seen: int) -> None:  # noqa: PLR0913 - a move has these parts
    """Give a project another place, with a reason that stands in its record; the others close up.

    Raises: Refused PRJ-253 to 255, PRJ-261 (not a draft), PRJ-264 (somebody was faster), KRN-404.
    """
    row = await queries.ranking(tx, ranking_id, lock=True)
    if row["state"] != RankingState.DRAFT:
        raise Refused("PRJ-261")
    _own(tx, row)
    _as_seen(row, seen)
    order = [
        r["project"]
        for r in await tx.conn.fetch(
            "SELECT project FROM projects_ranking_row WHERE ranking = $1 ORDER BY rank", ranking_id
        )
    ]
    if project_id not in order:
        raise Refused("KRN-404")
    now = order.index(project_id) + 1
    rules.move(order, project_id, to, reason)
    low, high, step = min(now, to), max(now, to), 1 if to < now else -1
    # A place is free before the next one takes it: first all of them step aside, then each steps in.
    await tx.conn.execute(_OUT, ranking_id, low, high)
    await tx.conn.execute(_IN, ranking_id, low, high, project_id, to, step)
    await tx.conn.execute(
        "UPDATE projects_ranking SET version = version + 1, moved = (SELECT count(*) FROM projects_ranking_row"
        " WHERE ranking = $1 AND moved) WHERE id = $1",
        ranking_id,
    )
    project = await lock(tx, project_id)
    await tx.conn.execute(
        "INSERT INTO projects_ranking_move (ranking, project, division_code, from_rank, to_rank, reason, author,"
        " author_title, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        ranking_id,
        project_id,
        project["division_code"],
        now,
        to,
        reason,
        tx.actor.name,
        tx.actor.title,
        tx.now,
    )
    facts: dict[str, Any] = {"from": now, "to": to, "reason": reason}
    await tx.note(subject(project), "projects.ranking.move", **facts)
    await tx.note(("projects_ranking", ranking_id, row["division_code"]), "projects.ranking.move", **facts)


@command(P.PUBLISH_RANKING, audit="projects.ranking.publish")
async def publish(tx: Tx, ranking_id: int, seen: int) -> Row:
    """Publish a ranking; the one in force until now is superseded.

    Raises: Refused PRJ-257 (by its maker), PRJ-261, PRJ-262 (the reserve changed since), PRJ-264.
    """
    row = await queries.ranking(tx, ranking_id, lock=True)
    if row["state"] != RankingState.DRAFT:
        raise Refused("PRJ-261")
    _own(tx, row)
    _as_seen(row, seen)
    papers = tx.policy.get("projects.ranking.ready_papers")
    there, _ = await queries.candidates(tx, row["division_code"], papers)
    ranked = {
        r["project"]
        for r in await tx.conn.fetch("SELECT project FROM projects_ranking_row WHERE ranking = $1", ranking_id)
    }
    differing = ranked ^ {c.id for c in there}
    if differing:
        raise Refused("PRJ-262", count=len(differing))
    before = await queries.ranking_in_force(tx, row["division_code"])
    if before:
        await fire(tx, RANKING, Ranking, before, "supersede", by=row["title"])
    return await fire(
        tx,
        RANKING,
        Ranking,
        row,
        "publish",
        clause=CLAUSE,
        publisher=tx.actor.user_id,
        sets={"published_on": tx.today, "published_by": tx.actor.name},
    )


@command(P.RANK_RESERVE, audit="projects.ranking.discard")
async def discard(tx: Tx, ranking_id: int, seen: int) -> Row:
    """Put a drafted ranking aside. Raises: Refused PRJ-264, KRN-408."""
    row = await queries.ranking(tx, ranking_id, lock=True)
    _own(tx, row)
    _as_seen(row, seen)
    return await fire(tx, RANKING, Ranking, row, "discard")
