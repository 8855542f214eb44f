"""Commands of dated authority: whoever signs claims names who signs in their place, and takes it back.

Source: 衢政办发〔2016〕65号 二(三)3 (co-managed account: no hand may be missing, and none stands twice)
"""

from __future__ import annotations

from typing import Any

from allocation.payments import signing
from allocation.payments.forms import DeputyForm
from allocation.payments.states import DEPUTY
from allocation.payments.tables import Deputy
from allocation.permissions import P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_deputy"

_PEOPLE = """
SELECT p.id, p.role, u.id AS user_id, u.name, o.name AS org_name FROM accounts_post p
JOIN accounts_user u ON u.id = p."user" JOIN accounts_org o ON o.id = p.org
WHERE p.active AND u.active AND p.division_code = $1 AND p.role = ANY($2) AND u.id <> $3
ORDER BY p.role, u.name, p.id LIMIT 200
"""


async def people(tx: Tx) -> list[Row]:
    """List who may deputise: other people of the same place whose post sees claims. Shape: {id, role, name, …}."""
    roles = [r for r in accounts.Role if r not in accounts.OUTSIDERS and P.VIEW_CLAIMS in permissions_of(r)]
    rows = await tx.conn.fetch(_PEOPLE, tx.actor.division_code, [str(r) for r in roles], tx.actor.user_id)
    return [dict(r) for r in rows]


async def find(tx: Tx, deputy_id: int) -> Row:
    """Read one authority. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_deputy WHERE id = $1", deputy_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def signed_under(tx: Tx, deputy_id: int) -> list[Row]:
    """List what was signed under an authority, the latest first."""
    rows = await tx.conn.fetch(
        "SELECT s.claim, s.signed_at, c.kind, c.amount_fen, p.title FROM allocation_signature s"
        " JOIN allocation_claim c ON c.id = s.claim JOIN projects_project p ON p.id = c.project"
        " WHERE s.authority = $1 ORDER BY s.id DESC LIMIT 100",
        deputy_id,
    )
    return [dict(r) for r in rows]


@command(P.SIGN, audit="allocation.deputy.name")
async def name_deputy(tx: Tx, form: DeputyForm) -> int:
    """Let somebody of one's own office sign in one's place, from a day to a day, with a document. Gives the id.

    Raises: Refused ALC-443 (oneself, or nobody of this office), ALC-444 (dates), ALC-445 (too long).
    """
    found = next((p for p in await people(tx) if p["id"] == form.deputy), None)
    most = tx.policy.whole("allocation.payments.deputy_days")
    signing.check_authority(form.starts_on, form.ends_on, tx.today, most, same=found is None)
    if found is None:
        raise Refused("ALC-443", field="deputy")
    key = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_deputy (division_code, principal, principal_name, role, deputy, deputy_name,"
            " deputy_role, starts_on, ends_on, limit_fen, doc_no, reason, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
            tx.actor.division_code,
            tx.actor.user_id,
            tx.actor.name,
            tx.actor.role,
            found["user_id"],
            found["name"],
            found["role"],
            form.starts_on,
            form.ends_on,
            form.limit_fen,
            form.doc_no,
            form.reason,
            tx.now,
        )
    )
    subject = (TABLE, key, tx.actor.division_code)
    note = f"{found['name']}（{CATALOGUE.role(found['role'])}） {form.doc_no}"
    await tx.note(subject, "allocation.deputy.name", note=note, reason=form.reason)
    return key


@command(P.SIGN, audit="allocation.deputy.revoke")
async def revoke(tx: Tx, deputy_id: int, reason: str) -> Row:
    """Take an authority back before its last day; what was signed under it stands.

    Raises: Refused KRN-404, KRN-408, ALC-449 (not one's own), ALC-425 (no reason).
    """
    row = await find(tx, deputy_id)
    if row["principal"] != tx.actor.user_id:
        raise Refused("ALC-449")
    return await fire(tx, DEPUTY, Deputy, row, "revoke", reason=reason)
