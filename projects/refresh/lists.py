"""The lists of the refresh room; two of them read what their page sets in the transaction (`app.…`)."""

from __future__ import annotations

from typing import Any

from projects.lists import CATEGORIES, search
from projects.refresh import queries
from projects.refresh.queries import SILENCES
from projects.refresh.states import Said
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

AS_OF, BEFORE, AFTER = "app.as_of", "app.before", "app.after"
_CODE = Column("code")


def _of(alias: str) -> Any:  # noqa: ANN401 - a search of Listing
    """Let the search of projects speak of a joined project."""

    def found(tx: Tx, text: str) -> tuple[str, list[Any]]:
        sql, values = search(tx, text)
        for name in ("code", "receipt", "title_grams", "id"):
            sql = " OR ".join(f"{alias}.{part}" if part.startswith(f"{name} ") else part for part in sql.split(" OR "))
        return sql, values

    return found


REFRESHES = Listing(
    "refreshes",
    "projects_refresh",
    (
        Column("id", shown=False),
        Column("name", link="/refresh/{id}"),
        Column("division_code", kind="division"),
        Column("closes_on", kind="date"),
        Column("state", kind="state", machine="REFRESH"),
        Column("due", kind="int"),
        Column("confirmed", kind="int"),
        Column("changed", kind="int"),
        Column("withdrawn", kind="int"),
        Column("silent", kind="int", sort=True),
        Column("expired", kind="int"),
    ),
    order=("opens_on",),
    descending=True,
    filters=(
        Filter("division", "division_code", kind="division"),
        Filter("state", "state = {}", machine="REFRESH"),
    ),
)

_NOT_SAID = "coalesce(a.answer, CASE WHEN r.state = 'open' THEN 'waiting' ELSE 'silent' END)"

ANSWERS = Listing(
    "refresh_projects",
    "projects_project p JOIN projects_refresh r ON p.division_code >= r.division_code"
    " AND p.division_code < (r.division_code::bigint + 1000000)::text"
    " LEFT JOIN projects_refresh_answer a ON a.refresh = r.id AND a.project = p.id",
    (
        Column("id", "p.id", shown=False),
        Column("refresh", "r.id", shown=False),
        Column("title", "p.title", link="/refresh/{refresh}/projects/{id}"),
        Column("code", "p.code"),
        Column("division_code", "p.division_code", kind="division"),
        Column("asked_fen", "p.asked_fen", kind="wan", sort=True),
        Column("valid_until", "p.valid_until", kind="date"),
        Column("answer", _NOT_SAID, kind="tag"),
        Column("silences", "coalesce(a.silences, 0)", kind="int"),
        Column("note", "coalesce(a.note, '')"),
        Column("at", "a.at", kind="date"),
    ),
    id="p.id",
    scope="p.division_code",
    # A refresh asks about what was in the reserve when it began; who answered stays on the list.
    where="(a.id IS NOT NULL OR (r.state = 'open' AND p.state = 'admitted'"
    " AND p.admitted_at < r.opens_on::timestamp AT TIME ZONE 'Asia/Shanghai'))",
    filters=(
        Filter("division", "p.division_code", kind="division"),
        Filter("answer", _NOT_SAID + " = {}", choices=("waiting", *(s.value for s in Said), "silent")),
    ),
    search=_of("p"),
)

SNAPSHOTS = Listing(
    "snapshots",
    "projects_snapshot",
    (
        Column("id", shown=False),
        Column("name", link="/refresh/snapshots/{id}"),
        Column("division_code", kind="division"),
        Column("taken_on", kind="date", sort=True),
        Column("projects", kind="int"),
        Column("asked_fen", kind="wan"),
        Column("reason"),
        Column("sha256", "left(sha256, 16)", kind="code"),
    ),
    order=("taken_on",),
    descending=True,
    filters=(Filter("division", "division_code", kind="division"),),
)

SNAPSHOT_ROWS = Listing(
    "snapshot_rows",
    "projects_snapshot_row",
    (
        Column("id", shown=False),
        Column("project", shown=False),
        Column("title", link="/projects/{project}"),
        _CODE,
        Column("division_code", kind="division"),
        Column("category", kind="tag"),
        Column("asked_fen", kind="wan", sort=True),
        Column("state", kind="state", machine="PROJECT"),
        Column("valid_until", kind="date"),
        Column("silences", kind="int"),
        Column("rank", "rank", kind="int", sort="COALESCE(rank, 2147483647)"),
    ),
    scope="division_code",
    filters=(
        Filter("division", "division_code", kind="division"),
        Filter("category", "category = {}", choices=CATEGORIES),
    ),
)


def _frozen(setting: str) -> str:
    return (
        "(SELECT r.* FROM projects_snapshot_row r JOIN projects_snapshot s ON s.id = r.snapshot"  # noqa: S608 - constants of ours
        f" WHERE s.name = current_setting('{setting}', true))"
    )


_DIFFERS = " OR ".join(
    f"a.{name} IS DISTINCT FROM b.{name}"
    for name in (
        "title", "category", "state", "estimate_fen", "asked_fen", "own_fen", "other_fen", "beneficiaries", "migrants",
        "low_income", "valid_until",
    )
)  # fmt: skip
COMPARED = f"""
(SELECT coalesce(b.project, a.project) AS id, coalesce(b.division_code, a.division_code) AS division_code,
  coalesce(b.code, a.code) AS code, coalesce(b.title, a.title) AS title, a.asked_fen AS asked_before,
  b.asked_fen AS asked_after, a.rank AS rank_before, b.rank AS rank_after,
  current_setting('{BEFORE}', true) AS before, current_setting('{AFTER}', true) AS after,
  CASE WHEN a.project IS NULL THEN 'entered' WHEN b.project IS NULL THEN 'left' WHEN {_DIFFERS} THEN 'changed'
    WHEN a.rank <> b.rank THEN 'reranked' ELSE 'same' END AS kind
FROM {_frozen(BEFORE)} a FULL JOIN {_frozen(AFTER)} b ON b.project = a.project) x
"""  # noqa: S608 - constants of ours


async def _names(tx: Tx) -> list[tuple[str, str]]:
    return [(name, name) for name in await queries.snapshot_names(tx)]


CHANGES = Listing(
    "snapshot_changes",
    COMPARED + " JOIN projects_project p ON p.id = x.id",
    (
        Column("id", "x.id", shown=False),
        Column("title", "x.title", link="/projects/{id}"),
        Column("code", "x.code"),
        Column("division_code", "x.division_code", kind="division"),
        Column("kind", "x.kind", kind="tag"),
        Column("asked_before", "x.asked_before", kind="wan"),
        Column("asked_after", "x.asked_after", kind="wan"),
        Column("rank_before", "x.rank_before", kind="int"),
        Column("rank_after", "x.rank_after", kind="int"),
        Column("state", "p.state", kind="state", machine="PROJECT"),
    ),
    id="x.id",
    scope="x.division_code",
    where="x.kind <> 'same'",
    filters=(
        Filter("before", "x.before = {}", options=_names),
        Filter("after", "x.after = {}", options=_names),
        Filter("division", "x.division_code", kind="division"),
        Filter("kind", "x.kind = {}", choices=("entered", "left", "changed", "reranked")),
    ),
)

# The state on a day is the last one the timeline tells by then. Figures changed later are read back
# from the change log: the first change after the day holds the row as it was on the day.
_DAY = f"current_setting('{AS_OF}', true)::date"
_END = f"(({_DAY} + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')"
RESERVE_AS_OF = f"""
(SELECT p.id, p.code, p.division_code, p.title_grams, p.receipt, {_DAY} AS as_of, s.to_state AS state,
  coalesce(o.old->>'title', p.title) AS title, coalesce(o.old->>'category', p.category) AS category,
  coalesce((o.old->>'estimate_fen')::bigint, p.estimate_fen) AS estimate_fen,
  coalesce((o.old->>'asked_fen')::bigint, p.asked_fen) AS asked_fen,
  coalesce((o.old->>'migrants')::int, p.migrants) AS migrants,
  CASE WHEN o.old IS NULL THEN p.valid_until ELSE (o.old->>'valid_until')::date END AS valid_until
FROM projects_project p
CROSS JOIN LATERAL (
  SELECT j.to_state FROM kernel_journal j WHERE j.subject_table = 'projects_project' AND j.subject_id = p.id
    AND j.to_state <> '' AND j.at < {_END} ORDER BY j.at DESC, j.id DESC LIMIT 1) s
LEFT JOIN LATERAL (
  SELECT c.old FROM kernel_journal j JOIN kernel_change c ON c.table_name = 'projects_project'
    AND c.row_id = p.id::text AND c.request_id = j.request_id AND c.op = 'U'
  WHERE j.subject_table = 'projects_project' AND j.subject_id = p.id AND j.at >= {_END}
  ORDER BY j.at, c.id LIMIT 1) o ON true
WHERE p.admitted_at IS NOT NULL AND s.to_state IN ('admitted', 'planned')) x
"""  # noqa: S608 - constants of ours

HISTORY = Listing(
    "reserve_as_of",
    RESERVE_AS_OF,
    (
        Column("id", "x.id", shown=False),
        Column("title", "x.title", link="/projects/{id}"),
        Column("code", "x.code"),
        Column("division_code", "x.division_code", kind="division"),
        Column("category", "x.category", kind="tag"),
        Column("estimate_fen", "x.estimate_fen", kind="wan"),
        Column("asked_fen", "x.asked_fen", kind="wan"),
        Column("migrants", "x.migrants", kind="int"),
        Column("state", "x.state", kind="state", machine="PROJECT"),
        Column("valid_until", "x.valid_until", kind="date"),
    ),
    id="x.id",
    scope="x.division_code",
    filters=(
        Filter("day", "x.as_of = {}", kind="date"),
        Filter("division", "x.division_code", kind="division"),
        Filter("category", "x.category = {}", choices=CATEGORIES),
    ),
    search=_of("x"),
)

_COUNTY = f"""
(SELECT d.code AS division_code, d.code::bigint AS id, n.*, l.name AS refreshed, l.silent, k.ranked_on
FROM kernel_division d
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.state IN ('admitted', 'planned')) AS admitted,
    count(*) FILTER (WHERE p.state = 'planned') AS planned, count(*) FILTER (WHERE p.state = 'expired') AS expired,
    coalesce(sum(p.asked_fen) FILTER (WHERE p.state IN ('admitted', 'planned')), 0)::bigint AS asked_fen,
    count(*) FILTER (WHERE p.state = 'admitted' AND p.valid_until < {_DAY} + interval '1 year') AS ending
  FROM projects_project p WHERE p.state IN ('admitted', 'planned', 'expired')
    AND p.division_code >= d.code AND p.division_code < (d.code::bigint + 1000000)::text) n ON true
LEFT JOIN LATERAL (SELECT r.name, r.silent FROM projects_refresh r WHERE r.division_code = d.code
  ORDER BY r.opens_on DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (SELECT g.ranked_on FROM projects_ranking g WHERE g.division_code = d.code AND g.state = 'published'
  ORDER BY g.id DESC LIMIT 1) k ON true
WHERE d.level = 'county' AND d.active) x
"""  # noqa: S608 - constants of ours

COUNTIES = Listing(
    "reserve_counties",
    _COUNTY,
    (
        Column("id", "x.id", shown=False),
        Column("county", "x.division_code", shown=False),
        Column("division_code", "x.division_code", kind="division", link="/reserve?division={county}"),
        Column("admitted", "x.admitted", kind="int", sort=True),
        Column("planned", "x.planned", kind="int"),
        Column("asked_fen", "x.asked_fen", kind="wan", sort=True),
        Column("ending", "x.ending", kind="int"),
        Column("refreshed", "x.refreshed"),
        Column("silent", "x.silent", kind="int"),
        Column("expired", "x.expired", kind="int"),
        Column("ranked_on", "x.ranked_on", kind="date"),
    ),
    id="x.id",
    scope="x.division_code",
)

EXPIRED = Listing(
    "reserve_expired",
    "projects_project p",
    (
        Column("id", "p.id", shown=False),
        Column("title", "p.title", link="/refresh/expired/{id}"),
        Column("code", "p.code"),
        Column("division_code", "p.division_code", kind="division"),
        Column("category", "p.category", kind="tag"),
        Column("asked_fen", "p.asked_fen", kind="wan", sort=True),
        Column("valid_until", "p.valid_until", kind="date"),
        Column("silences", SILENCES, kind="int"),
        Column("closing_reason", "p.closing_reason"),
    ),
    id="p.id",
    scope="p.division_code",
    where="p.state = 'expired'",
    filters=(
        Filter("division", "p.division_code", kind="division"),
        Filter("category", "p.category = {}", choices=CATEGORIES),
    ),
    search=_of("p"),
)
