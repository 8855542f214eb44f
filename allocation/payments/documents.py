"""The claim as a printed form, and the letter that asks an overpayment back."""

from __future__ import annotations

from typing import Any

from allocation.payments import judging, queries, refunds, rules
from allocation.payments.rules import Gate
from projects import public as projects
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.letter import Letter, written_day
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


def _t(key: str) -> str:
    return CATALOGUE.text(f"paper.{key}")


def _money(fen: int | None) -> str:
    return "" if fen is None else f"{yuan(fen)} {_t('yuan')}"


async def claim_form(tx: Tx, claim_id: int) -> Document:
    """Lay a claim out as it was submitted; a draft as it stands now. Raises: Refused KRN-404."""
    row = await queries.claim(tx, claim_id)
    project = await projects.brief(tx, row["project"])
    now = await judging.look(tx, row, project)
    books, gates = judging.as_submitted(row) or (now[0], now[2])
    given = [s for s in await queries.signatures(tx, claim_id) if s["attempt"] == row["attempt"]]
    recovery = rules.recovery(books, now[1])
    facts = (
        ("project", project["title"]),
        ("code", project["code"]),
        ("place", project["county_name"] + project["township_name"] + project["village_name"]),
        ("kind", CATALOGUE.text(f"claim.{row['kind']}")),
        ("amount", _money(row["amount_fen"])),
        ("wages", _money(row["wages_fen"])),
        ("measured", "" if row["measured_bp"] is None else f"{row['measured_bp'] / 100:g}%"),
        ("payee", row["payee"]),
        ("invoice_no", f"{row['invoice_code']} {row['invoice_number']}".strip()),
        ("invoice_fen", _money(row["invoice_fen"])),
        ("invoice_tax", _money(row["invoice_tax_fen"])),
        ("final", _money(row["final_fen"])),
        ("award", _money(books.award_fen)),
        ("contract_fen", _money(books.contract_fen)),
        ("before", _money(books.claimed_fen)),
        ("seen", f"{books.seen_bp / 100:g}%"),
        ("retained", _money(row["books"].get("retained"))),
        ("guarantee_no", row["guarantee"]),
        ("advance_left", _money(recovery.left_fen) if recovery.advance_fen else ""),
        ("prepared", row["prepared_name"]),
        ("submitted", _moment(row["submitted_at"])),
        ("seal", row["seal"]),
        ("state", CATALOGUE.state("CLAIM", row["state"])),
    )
    blocks = (
        Fields(tuple((_t(key), value) for key, value in facts if value)),
        Heading(_t("gates")),
        _gates(gates),
        Heading(_t("signatures")),
        _signed(row, given),
        Text(_t("rule") + (row["policy_version"] or tx.policy.version)[:16], small=True, indent=False),
        Signs(tuple(CATALOGUE.text(f"hand.{role}") for role in row["steps"])),
    )
    return Document(_t("form"), blocks, author=tx.actor.org_name, footer=f"{project['code']} / {claim_id}")


def _moment(value: Any) -> str:  # noqa: ANN401 - a moment or nothing
    return f"{shanghai(value):%Y-%m-%d %H:%M}" if value else ""


def _gates(gates: tuple[Gate, ...]) -> Grid:
    rows = tuple(
        (
            CATALOGUE.text(f"gate.{g.name}"),
            _t("open" if g.is_open else "shut"),
            "" if g.ceiling_fen is None else yuan(g.ceiling_fen),
        )
        for g in gates
    )
    return Grid((_t("gate"), _t("result"), _t("ceiling")), rows, (3, 1, 2), frozenset({2}))


def _signed(row: Row, given: list[Row]) -> Grid:
    by_step = {s["step"]: s for s in given if row["state"] not in {"draft", "returned"}}
    rows = tuple(
        (str(n + 1), CATALOGUE.text(f"hand.{role}"), _hand(s), s["opinion"] or _t("agree"), _moment(s["signed_at"]))
        if (s := by_step.get(n))
        else (str(n + 1), CATALOGUE.text(f"hand.{role}"), "", "", "")
        for n, role in enumerate(row["steps"])
    )
    return Grid(tuple(_t(k) for k in ("step", "role", "name", "opinion", "time")), rows, (0.6, 1.6, 1.2, 1.6, 1.6))


def _hand(mark: Row) -> str:
    """Name whose hand it was: the signer, for whom a deputy signed, the village group beside."""
    behalf = _t("behalf").format(name=mark["for_name"]) if mark["for_name"] else ""
    group = _t("group_names").format(names=mark["group_names"]) if mark["group_names"] else ""
    return f"{mark['name']}{behalf}{group}"


async def refund_letter(tx: Tx, row: Row) -> Letter:
    """Write the letter that asks an overpayment back, figures as they were when it was kept."""
    subject = await refunds.subject_of(tx, row)
    facts = {
        "title": subject.title,
        "code": subject.code,
        "place": subject.place,
        "paid": yuan(row["paid_fen"]),
        "allowed": yuan(row["settled_fen"]),
        "over": yuan(row["amount_fen"]),
        "due": written_day(row["due_on"]),
        "note": row["note"].rstrip("。") or CATALOGUE.text("refund.letter.grant.note"),
    }
    text = CATALOGUE.text
    words = "refund.letter.grant" if subject.of_grant else "refund.letter"
    return Letter(
        office=row["office"],
        number=row["doc_no"],
        title=text(f"{words}.title"),
        to=row["payee"],
        paragraphs=tuple(text(f"{words}.{n}").format(**facts) for n in (1, 2, 3)),
        signer=row["office"],
        day=row["asked_on"],
        footer=f"{subject.code or text('refund.letter.grant.footer').format(grant=subject.of_grant)} / {row['id']}",
    )
