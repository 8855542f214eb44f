"""All that other packages may call of projects.

Readers answer plain dictionaries; nobody outside writes a project's row except through these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from projects import queries
from projects.assets import queries as assets
from projects.assets.rules import add_months as add_months  # noqa: PLC0414 - given on to upper packages
from projects.dossier import sources
from projects.notices import addresses
from projects.notices import queries as notice_queries
from projects.notices import service as notices
from projects.notices.rules import Kind as NoticeKind
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from projects.works import service as works
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

_BRIEF = (
    "id",
    "code",
    "division_code",
    "title",
    "category",
    "way",
    "content",
    "place",
    "state",
    "version",
    "estimate_fen",
    "asked_fen",
    "own_fen",
    "other_fen",
    "award_fen",
    "contract_fen",
    "contractor",
    "progress_bp",
    "beneficiaries",
    "migrants",
    "low_income",
    "lat",
    "lon",
    "plan_year",
    "valid_until",
    "caretaker",
    "starts_on",
    "ends_on",
    "started_on",
    "completed_on",
    "accepted_on",
    "handed_over_on",
    "is_demo",
    "village_name",
    "township_name",
    "county_name",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One amount in a project's line of money. Units: fen. Shape: `name` is a key `figure.<name>` under [text]."""

    name: str
    fen: Fen
    url: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel that a room adds to a project's page: a template, what it shows, amounts for the line of money."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()


class ProjectPanel(Protocol):
    """What the root wires in PROJECT_PANELS; None when there is nothing to show for this project."""

    async def __call__(self, tx: Tx, project: Row) -> Panel | None:
        """Give the panel."""


class FurtherFiles(Protocol):
    """What the root wires in PROJECT_FILES: rows of upper packages whose files belong to a project."""

    async def __call__(self, tx: Tx, project_id: int) -> list[tuple[str, int]]:
        """Name them. Shape: [(table, id)]."""


def in_dossier(table: str, stage: str, *, photos: bool = False) -> None:
    """Say that the files of a table's rows, which name a project, belong into its dossier. See dossier.sources."""
    sources.in_dossier(table, stage, photos=photos)


async def brief(tx: Tx, project_id: int) -> Row:
    """Give the facts of a project that other rooms show. Raises: Refused KRN-404."""
    row = await queries.find(tx, project_id)
    return {name: row[name] for name in _BRIEF}


async def lock(tx: Tx, project_id: int) -> Row:
    """Lock a project for this transaction and give its row. Raises: Refused KRN-404."""
    return await queries.lock(tx, project_id)


async def settled(tx: Tx, project_id: int) -> Fen | None:
    """Give what the audit, or the acceptance, left of the final account; None before. Units: fen."""
    return await assets.settled_fen(tx, project_id) or None


_STANDING = """
SELECT p.state = 'suspended' AS stopped, p.completed_on IS NOT NULL AS completed, coalesce(k.kind, '') AS kind,
  k.ends_on, coalesce(k.bond_fen, 0) AS bond_fen,
  (SELECT count(*) FROM projects_posting n WHERE n.subject_table = 'projects_project' AND n.subject_id = p.id
     AND n.state = 'open') AS notices,
  (SELECT count(*) FROM projects_objection o JOIN projects_posting n ON n.id = o.posting
    WHERE n.subject_table = 'projects_project' AND n.subject_id = p.id AND o.state = 'received') AS objections,
  (SELECT count(*) FROM projects_defect f WHERE f.project = p.id AND f.state <> 'confirmed') AS defects
FROM projects_project p LEFT JOIN projects_contract k ON k.project = p.id WHERE p.id = $1
"""


async def standing(tx: Tx, project_id: int) -> Row:
    """Tell what stands for or against paying a project: its contract, notices, objections, faults, a stop.

    Shape: {stopped, completed, kind, ends_on, bond_fen, notices, objections, defects}; `kind` of the
    contract, "" before there is one. Units: fen. Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow(_STANDING, project_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def milestones(tx: Tx, project_id: int) -> list[Row]:
    """List the milestones of a project in their order."""
    rows = await tx.conn.fetch("SELECT * FROM projects_milestone WHERE project = $1 ORDER BY seq", project_id)
    return [dict(r) for r in rows]


_CANDIDATES = """
SELECT p.id, p.code, p.division_code, p.title, p.category, p.state, p.estimate_fen, p.asked_fen, p.own_fen,
  p.beneficiaries, p.migrants, p.valid_until, p.plan_year, d.full_name AS place_name
FROM projects_project p JOIN kernel_division d ON d.code = p.division_code
WHERE p.division_code >= $1 AND p.division_code < $2 AND p.state = ANY($3)
  AND (p.valid_until IS NULL OR p.valid_until >= $4) AND ($5 = '' OR p.category = $5) AND p.id > $6
  AND NOT ($7 AND EXISTS (SELECT 1 FROM projects_plan_item i WHERE i.project = p.id AND i.left_on IS NULL))
ORDER BY p.id LIMIT $8
"""


async def reserve_candidates(  # noqa: PLR0913 - filters of one list
    tx: Tx, county: str, *, category: str = "", limit: int = 200, after: int = 0, unplanned: bool = False
) -> list[Row]:
    """List projects in the reserve of a county or township whose term runs, by id after `after`.

    Shape: county is a 12-digit code; only what the caller's range shows is answered. `unplanned`
    leaves out those that stand in a plan, drafted or approved.
    """
    states = ["admitted"] if unplanned else ["admitted", "planned"]
    lo, hi = code_range(county)
    rows = await tx.conn.fetch(_CANDIDATES, lo, hi, states, tx.today, category, after, unplanned, limit)
    return [dict(r) for r in rows]


async def record_progress(tx: Tx, project_id: int, seen: Mapping[int, int], at: datetime | None = None) -> int:
    """Take over what a visit verified at a moment and answer the progress of the whole. See works.service."""
    return await works.record_progress(tx, project_id, seen, at)


class Awarded(Protocol):
    """What allocation tells when it grants money. Units: fen."""

    @property
    def project_id(self) -> int:
        """Which project."""

    @property
    def amount_fen(self) -> Fen:
        """How much, in addition to what it had."""

    @property
    def source(self) -> str:
        """factor, round or plan."""


MAY_GROW = (S.AWARDED, S.CONTRACTED, S.BUILDING)


async def on_awarded(tx: Tx, event: Awarded) -> None:
    """Hear that money was awarded: the first award moves the project, a further one adds to it.

    Raises: Refused PRJ-303 (no amount), PRJ-306 for a project that cannot be awarded.
    """
    row = await queries.lock(tx, event.project_id)
    total = row["award_fen"] + event.amount_fen
    if row["state"] not in MAY_GROW:
        await fire(
            tx,
            MACHINE,
            Project,
            row,
            "award",
            amount_fen=event.amount_fen,
            source=event.source,
            sets={"award_fen": total},
        )
        return
    if event.amount_fen <= 0:
        raise Refused("PRJ-303")
    await tx.conn.execute(
        "UPDATE projects_project SET award_fen = $2, version = version + 1 WHERE id = $1", row["id"], total
    )
    await tx.note(queries.subject(row), "projects.award.add", amount_fen=event.amount_fen, total_fen=total)


async def on_released(tx: Tx, project_id: int, amount_fen: Fen, *, clause: str) -> None:
    """Take over that unused money left an ended project: its award shrinks to what stays. Units: fen.

    Raises: Refused KRN-404; by constraint PRJ-418, less would be left than the contract is worth.
    """
    row = await queries.lock(tx, project_id)
    left = row["award_fen"] - amount_fen
    await tx.conn.execute(
        "UPDATE projects_project SET award_fen = $2, version = version + 1 WHERE id = $1", project_id, left
    )
    await tx.note(queries.subject(row), "projects.award.release", clause=clause, amount_fen=amount_fen, left_fen=left)


async def public_page(tx: Tx, project_id: int) -> Row:
    """Give what anybody may know of a chosen project: no person's name, no telephone.

    Raises: Refused KRN-404, also for projects that are not public.
    """
    row = await queries.find(tx, project_id)
    shown = (
        "id",
        "code",
        "title",
        "category",
        "content",
        "place",
        "state",
        "award_fen",
        "estimate_fen",
        "progress_bp",
        "beneficiaries",
        "migrants",
        "contractor",
        "contract_fen",
        "plan_year",
        "starts_on",
        "ends_on",
        "started_on",
        "completed_on",
        "accepted_on",
        "lat",
        "lon",
        "is_demo",
        "village_name",
        "township_name",
        "county_name",
    )
    steps = [
        {"title": m["title"], "progress_bp": m["progress_bp"], "planned_on": m["planned_on"]}
        for m in await milestones(tx, project_id)
    ]
    return {name: row[name] for name in shown} | {"milestones": steps}


async def boards(tx: Tx, project_ids: list[int]) -> list[Row]:
    """Give what stands on the boards at the sites, in the order of the ids: facts, contract, places."""
    rows = await tx.conn.fetch(
        "SELECT p.id, p.code, p.division_code, p.title, p.content, p.place, p.plan_year, p.award_fen, p.asset_owner,"
        " p.caretaker, p.contractor, coalesce(k.supervisor, '') AS supervisor, coalesce(k.starts_on, p.starts_on)"
        " AS starts_on, coalesce(k.ends_on, p.ends_on) AS ends_on, d.full_name, c.name AS county_name"
        " FROM projects_project p JOIN kernel_division d ON d.code = p.division_code"
        " LEFT JOIN kernel_division c ON c.code = left(p.division_code, 6) || '000000'"
        " LEFT JOIN projects_contract k ON k.project = p.id"
        " WHERE p.id = ANY($1) ORDER BY array_position($1, p.id)",
        project_ids,
    )
    return [dict(r) for r in rows]


Subject = tuple[str, int, str]


def noticed_at(table: str, address: str) -> None:
    """Say where the object of a notice is shown. Shape: an address with one {} for the row's id."""
    addresses.shown_at(table, address)


async def post_result(tx: Tx, subject: Subject, title: str, body: str, place: str) -> Row:
    """Put a result before the public from today, for the days of the pack. See notices.service."""
    opening = notices.Opening(NoticeKind.RESULT, title, body, tx.today, place=place)
    return await notices.open_notice(tx, subject, opening)


async def notice_of(tx: Tx, subject: Subject) -> Row | None:
    """Give the newest notice about an object that was not taken down."""
    return await notice_queries.latest(tx, subject)


async def notices_of(tx: Tx, subject: Subject) -> list[Row]:
    """List the notices about an object, each with its objections, the newest first; who objected stays sealed."""
    rows = await notice_queries.of_subject(tx, subject)
    return [{**row, "objections": await notice_queries.objections(tx, row["id"])} for row in rows]


async def objections_open(tx: Tx, subject: Subject) -> int:
    """Count the objections about an object that nobody has answered yet."""
    return await notice_queries.objections_open(tx, subject)


async def take_down(tx: Tx, subject: Subject, reason: str) -> None:
    """Take down the notice about an object that still hangs; objections to it must be answered before.

    Raises: Refused PRJ-508.
    """
    hanging = await notice_queries.latest(tx, subject)
    if hanging and hanging["state"] == "open":
        await notices.cancel_notice(tx, hanging["id"], reason)
