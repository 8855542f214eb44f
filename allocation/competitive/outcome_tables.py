"""What follows a decision: projects moved up from the reserve list, dossiers of a round that were asked for."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Integer, SmallInt, Timestamptz, Varchar

from allocation.competitive.tables import OF_APPROVED, Candidate, Round
from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fen,
    fk,
    index,
)


@business(append_only=True, public=OF_APPROVED)
class Promotion(Table, tablename="allocation_promotion"):
    """One project moved up from the reserve list, by whom, past whom and why. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    candidate = fk(Candidate)
    place = SmallInt(null=False)
    amount_fen = fen()
    award = BigInt(null=False)
    passed_over = Varchar(length=400, null=False, default="")
    reason = Varchar(length=500, null=False)
    doc_no = Varchar(length=80, null=False, default="")
    made_by = BigInt(null=True, default=None)
    made_name = Varchar(length=120, null=False, default="")
    made_at = Stamp()

    allocation_promotion_once = Unique(["candidate"])
    allocation_promotion_positive = Check("amount_fen > 0 AND place > 0 AND length(trim(reason)) > 0")


@business()
class RoundDossier(Table, tablename="allocation_round_dossier"):
    """One making of the dossier of a round and how far it is. The finished file belongs to this row.

    Units: pages; parts made of parts there are. `failure` is a code of the catalogue; `actor` who asked, so that
    what goes on after a crash sees no more than that person.
    """

    id = BigSerial(primary_key=True)
    round = fk(Round)
    division_code = DivisionCode()
    kind = Varchar(length=8, null=False)
    asked_at = Stamp()
    asked_by = BigInt(null=True, default=None)
    actor = JSONB(null=False, default="{}")
    parts = Integer(null=False, default=0)
    done = Integer(null=False, default=0)
    pages = Integer(null=False, default=0)
    touched_at = Stamp()
    finished_at = Timestamptz(null=True, default=None)
    file = BigInt(null=True, default=None)
    failure = Varchar(length=12, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_round_dossier_kind_known = Check("kind IN ('pdf', 'zip')")
    allocation_round_dossier_done_within = Check("done BETWEEN 0 AND parts")


index("allocation_round_dossier_latest", "allocation_round_dossier (round, kind, id)")
index(
    "allocation_round_dossier_open",
    "allocation_round_dossier (touched_at) WHERE finished_at IS NULL AND failure = ''",
)
