"""Pictures that another county had used before: the second county is told that there are some, the city which."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import inspection.visits.functions  # noqa: F401 - declares its SQL functions
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.fingerprint import fingerprint
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

Row = dict[str, Any]
MARK = "INS-242"

_BOTH = """inspection_photo_repeat r
JOIN inspection_visit_photo n ON n.id = r.photo JOIN inspection_visit_photo o ON o.id = r.earlier
JOIN inspection_visit v ON v.id = n.visit JOIN inspection_visit w ON w.id = o.visit
JOIN projects_project p ON p.id = v.project JOIN projects_project q ON q.id = w.project"""
_KIND = "CASE WHEN r.same_bytes THEN 'same' ELSE 'alike' END"

REPEATS = Listing(
    "repeats",
    _BOTH,
    (
        Column("id", "r.id", shown=False, export=False),
        Column("received_at", "v.received_at", kind="datetime", sort=True, link="/visits/repeats/{id}"),
        Column("county", "rpad(left(v.division_code, 6), 12, '0')", kind="division"),
        Column("project_title", "p.title", link="/visits/repeats/{id}"),
        Column("inspector_name", "v.inspector_name"),
        Column("kind", _KIND, kind="tag"),
        Column("earlier_county", "rpad(left(w.division_code, 6), 12, '0')", kind="division"),
        Column("earlier_project", "q.title"),
        Column("earlier_at", "w.received_at", kind="datetime"),
        Column("state", "v.state", kind="state", machine="VISIT"),
    ),
    id="r.id",
    scope="r.division_code",
    order=("v.received_at",),
    descending=True,
    filters=(
        Filter("division", "v.division_code", kind="division"),
        Filter("kind", f"{_KIND} = {{}}", choices=("same", "alike")),
        Filter("state", "v.state = {}", machine="VISIT"),
    ),
)


async def take_look(tx: Tx, photo_id: int, sha256: str) -> None:
    """Keep the fingerprint of a picture that has arrived."""
    look = await asyncio.to_thread(fingerprint, blobs.blob_path(files.root(), sha256))
    await tx.conn.execute("UPDATE inspection_visit_photo SET look = $2 WHERE id = $1", photo_id, look)


async def mark_repeats(tx: Tx, visit: Row) -> Row:
    """Look for the pictures of a whole visit among those of other counties, and mark it when there are some.

    Shape: the visit as it now stands; the mark says how many and nothing of the other county.
    """
    most = tx.policy_for(visit["division_code"]).whole("inspection.visits.alike_bits")
    count = await tx.conn.fetchval("SELECT inspection_note_repeats($1, $2)", visit["id"], most)
    if not count:
        return visit
    flags = json.dumps([*json.loads(visit["flags"]), {"code": MARK, "facts": {"count": count}}])
    await tx.conn.execute("UPDATE inspection_visit SET flags = $2 WHERE id = $1", visit["id"], flags)
    return visit | {"flags": flags}


async def find_repeat(tx: Tx, repeat_id: int) -> Row:
    """Give both pictures of a repeat with their visits. Raises: Refused KRN-404, also below the city."""
    sides = ", ".join(
        f"{photo}.file AS {name}file, {photo}.taken_at AS {name}taken_at, {visit}.id AS {name}visit,"
        f" {visit}.received_at AS {name}received_at, {visit}.inspector_name AS {name}inspector,"
        f" {visit}.state AS {name}state, {project}.title AS {name}title, {visit}.division_code AS {name}place"
        for name, photo, visit, project in (("", "n", "v", "p"), ("earlier_", "o", "w", "q"))
    )
    row = await tx.conn.fetchrow(
        f"SELECT r.id, r.same_bytes, r.apart, {sides} FROM {_BOTH} WHERE r.id = $1",  # noqa: S608 - our own names
        repeat_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)
