"""How a claim is judged: where its project stands, which gates are shut, which papers are missing.

Nothing here writes. Whoever is about to move a claim first locks the project: claims of one
project wait for each other, and none is judged by sums that another is about to change.
Source: 衢政办发〔2016〕65号 二(三)3
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from allocation.payments import queries, rules
from allocation.payments.rules import Ask, Books, Gate, Kind, Terms
from allocation.payments.states import COUNTED
from projects import public as projects
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

TABLE = "allocation_claim"
CLAUSE = "衢政办发〔2016〕65号 二(三)3"


async def locked(tx: Tx, claim_id: int) -> tuple[Row, Row]:
    """Lock a claim's project, then read the claim: from here on nobody else moves either."""
    project = await projects.lock(tx, (await queries.claim(tx, claim_id))["project"])
    return await queries.claim(tx, claim_id), project


async def look(tx: Tx, row: Row, project: Row) -> tuple[Books, Terms, tuple[Gate, ...]]:
    """Look at every gate of a claim as things stand now; changes nothing."""
    books = await queries.books(tx, project, besides=row)
    terms = queries.terms(tx, row["division_code"])
    return books, terms, rules.gates(books, terms, ask_of(row))


def as_submitted(row: Row) -> tuple[Books, tuple[Gate, ...]] | None:
    """Give the books and gates of a claim as they were when it was submitted; None before."""
    if row["state"] not in COUNTED or not row["books"]:
        return None
    books = Books(**row["books"]["books"])
    return books, rules.gates(books, Terms(**row["books"]["terms"]), ask_of(row))


def ask_of(row: Row) -> Ask:
    """Give a claim as the rules know it."""
    return Ask(
        Kind(row["kind"]),
        row["amount_fen"],
        row["payee"],
        row["invoice_fen"],
        row["final_fen"],
        row["wages_fen"],
        row["measured_bp"],
        row["guarantee"],
    )


def kept(row: Row, books: Books, terms: Terms) -> Fen:
    """Give what a settlement leaves behind as retention; nothing for other kinds. Units: fen."""
    if row["kind"] != Kind.SETTLEMENT:
        return 0
    return rules.retained(books, terms, row["final_fen"], row["guarantee"])


def ladder(tx: Tx, row: Row) -> Sequence[Sequence[Any]]:
    """Give the signing order by amount, as the pack has it in the claim's division."""
    rows: Sequence[Sequence[Any]] = tx.policy_for(row["division_code"]).get("allocation.payments.signatures")
    return rows


def needed_papers(tx: Tx, row: Row) -> list[str]:
    """Name the papers a claim needs: those of its stage, and the guarantee it names."""
    needed = tx.policy_for(row["division_code"]).get("allocation.payments.papers")[row["kind"]]
    return [*needed, *(["guarantee"] if row["guarantee"] else [])]


async def check_papers(tx: Tx, row: Row) -> None:
    """Let a claim pass with every paper its stage needs. Raises: Refused ALC-414."""
    present = [f.kind for f in await files.files_of(tx, (TABLE, row["id"]))]
    missing = rules.missing_papers(needed_papers(tx, row), present)
    if missing:
        names = " · ".join(CATALOGUE.text(f"paper.{kind}") for kind in missing)
        raise Refused("ALC-414", papers=names)


SEALED = (
    "project",
    "kind",
    "amount_fen",
    "payee",
    "invoice_code",
    "invoice_number",
    "invoice_fen",
    "invoice_tax_fen",
    "invoice_on",
    "final_fen",
    "wages_fen",
    "measured_bp",
    "guarantee",
    "note",
    "prepared_by",
    "attempt",
)
"""What people sign: the figures of a claim, besides its papers."""


async def seal_of(tx: Tx, row: Row) -> str:
    """Give the SHA-256 of a claim as it stands: its figures and the content of every paper.

    What was signed can be proved later: each signature keeps the seal it was given on.
    """
    papers = sorted((f.kind, f.sha256) for f in await files.files_of(tx, (TABLE, row["id"])))
    content = {"claim": row["id"], "papers": papers, **{name: row[name] for name in SEALED}}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def check_seal(tx: Tx, row: Row) -> None:
    """Let a hand go under nothing but what was submitted. Raises: Refused ALC-448."""
    if row["seal"] and await seal_of(tx, row) != row["seal"]:
        raise Refused("ALC-448")
