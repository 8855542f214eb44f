"""The commands of the sampling room: freeze, draw, draw again, hand over, replace."""

from __future__ import annotations

import secrets
from datetime import date
from hashlib import sha256
from typing import Any

from quzhou_migrants.accounts.public import Role, engage, engagements_for
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from surveys.permissions import P
from surveys.sampling import queries, rules
from surveys.sampling.frame import Packed, Repeat, draw_packed, lines_of, pack
from surveys.sampling.rules import Design, Stratum
from surveys.sampling.sheet import Sheet, result_hash
from surveys.sampling.states import CAMPAIGN, UNIT, S
from surveys.sampling.tables import Campaign, SampleUnit

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(五)2"
SEED_BYTES = 16
ASKED = (S.CONFIRMED, S.HANDED_OVER)
"""States in which households are handed out, asked and replaced."""


def design_in_force(policy: Policies) -> Design:
    """Read the declared numbers of a draw from the packs."""
    room = "surveys.sampling"
    return Design(
        policy.whole(f"{room}.rate_bp"),
        policy.whole(f"{room}.least_per_stratum"),
        policy.whole(f"{room}.substitutes_bp"),
        tuple(policy.get(f"{room}.strata")),
    )


def design_of(row: Row) -> Design:
    """Give the numbers that a survey was frozen with."""
    return Design(row["rate_bp"], row["least"], row["substitutes_bp"], tuple(row["strata"].split()))


@command(P.PREPARE, audit="surveys.sample.open")
async def open_campaign(tx: Tx, title: str, year: int, purpose: str) -> int:
    """Open a survey of the post's division."""
    key: int = await tx.conn.fetchval(
        "INSERT INTO surveys_campaign (division_code, title, year, purpose, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        tx.actor.division_code, title, year, purpose, tx.actor.user_id, tx.now,
    )  # fmt: skip
    await tx.note(("surveys_campaign", key, tx.actor.division_code), "surveys.sample.open", clause=CLAUSE)
    return key


@command(P.PREPARE, audit="surveys.sample.freeze")
async def freeze(tx: Tx, campaign_id: int) -> Row:
    """Freeze the households in force today, before any seed is known.

    Raises: Refused SUR-103, there are none; SUR-105, a code that a line cannot carry.
    """
    row = await _ready_for(tx, campaign_id, "freeze")
    design = design_in_force(tx.policy_for(row["division_code"]))
    digest, counts = sha256(), dict[Stratum, int]()
    for county in await queries.counties(tx, row["division_code"]):
        text = await queries.frame_text(tx, county)
        digest.update(text)
        packed = await in_pool(pack, text, design)
        counts |= packed.counts
        await _keep_frame(tx, campaign_id, county, packed)
    await _keep_strata(tx, campaign_id, rules.sizes(counts, design))
    sets = {
        "frozen_on": tx.today, "households": sum(counts.values()), "frame_sha256": digest.hexdigest(),
        "rate_bp": design.rate_bp, "least": design.least, "substitutes_bp": design.substitutes_bp,
        "strata": " ".join(design.strata), "policy_version": tx.policy.version,
    }  # fmt: skip
    return await fire(
        tx, CAMPAIGN, Campaign, row, "freeze", clause=CLAUSE, sets=sets,
        households=sets["households"], frame_sha256=sets["frame_sha256"],
    )  # fmt: skip


async def _ready_for(tx: Tx, campaign_id: int, verb: str) -> Row:
    """Lock a survey that stands before this step: who comes second is told so before anything is reckoned.

    Raises: Refused KRN-404, KRN-408.
    """
    row = await queries.campaign(tx, campaign_id, lock=True)
    CAMPAIGN.arrow(row["state"], verb)
    return row


async def _keep_frame(tx: Tx, campaign_id: int, county: str, packed: Packed) -> None:
    await tx.conn.execute(
        "INSERT INTO surveys_frame (division_code, campaign, households, lines) VALUES ($1, $2, $3, $4)",
        county, campaign_id, packed.households, packed.lines,
    )  # fmt: skip


async def _keep_strata(tx: Tx, campaign_id: int, sizes: dict[Stratum, rules.Size]) -> None:
    await tx.conn.executemany(
        "INSERT INTO surveys_stratum (division_code, campaign, name, households, quota, main, substitutes)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            (stratum[0].ljust(12, "0"), campaign_id, "/".join(stratum), s.households, s.quota, s.main, s.substitutes)
            for stratum, s in sizes.items()
        ],
    )


@command(P.PREPARE, audit="surveys.sample.draw")
async def draw(tx: Tx, campaign_id: int, seed: str, seed_note: str) -> Row:
    """Draw the sample, from a published seed or, without one, from a random one of ours; store it.

    Raises: Refused SUR-104, an unfit seed; SUR-133, nobody says where it was published; SUR-125, the frame
        is not the frozen one; SUR-126, a household drawn is no longer in the register.
    """
    row = await _ready_for(tx, campaign_id, "draw")
    if seed:
        seed = rules.proper_seed(seed)
        if not seed_note.strip():
            raise Refused("SUR-133", field="seed_note")
    else:
        seed = secrets.token_hex(SEED_BYTES)
    repeat = await _repeat(tx, row, seed)
    await _keep_units(tx, campaign_id, repeat)
    sets = {
        "seed": seed, "seed_note": seed_note, "result_sha256": result_hash(repeat.draw.drawn),
        "sampled": sum(size.main for size in repeat.draw.sizes.values()),
        "drawn_by": tx.actor.user_id, "drawn_name": tx.actor.name, "drawn_at": tx.now,
    }  # fmt: skip
    return await fire(
        tx, CAMPAIGN, Campaign, row, "draw", clause=CLAUSE, sets=sets,
        seed=seed, sampled=sets["sampled"], result_sha256=sets["result_sha256"],
    )  # fmt: skip


@command(P.CONFIRM, audit="surveys.sample.confirm")
async def confirm(tx: Tx, campaign_id: int) -> Row:
    """Draw again as another person; the list has to be the same.

    Raises: Refused SUR-121, the same person; SUR-122, another list; SUR-125, another frame.
    """
    row = await _ready_for(tx, campaign_id, "confirm")
    again = result_hash((await _repeat(tx, row, row["seed"])).draw.drawn)
    sets = {"confirmed_by": tx.actor.user_id, "confirmed_name": tx.actor.name, "confirmed_at": tx.now}
    return await fire(
        tx, CAMPAIGN, Campaign, row, "confirm", clause=CLAUSE, sets=sets, user_id=tx.actor.user_id, result=again
    )


async def _repeat(tx: Tx, row: Row, seed: str) -> Repeat:
    """Draw from the stored frame, whose hash is checked first."""
    repeat = await in_pool(draw_packed, await queries.chunks(tx, row["id"]), design_of(row), seed)
    if repeat.frame_sha256 != row["frame_sha256"]:
        raise Refused("SUR-125")
    return repeat


_KEEP_UNITS = """
INSERT INTO surveys_sample_unit (division_code, campaign, stratum, household_id, household_code, head_name,
  place, village_kind, support, low_income, members, role, rank, state)
SELECT f.village, $1, s.id, h.id, h.code, h.head_name, d.full_name, f.kind, f.support, f.low, f.members,
  f.role, f.rank, CASE f.role WHEN 'main' THEN 'active' ELSE 'waiting' END
FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::bool[], $10::int[])
  WITH ORDINALITY AS f(code, stratum, role, rank, village, kind, support, low, members, n)
JOIN register_household h ON h.code = f.code
JOIN kernel_division d ON d.code = f.village
JOIN surveys_stratum s ON s.campaign = $1 AND s.name = f.stratum
ORDER BY f.n
"""


async def _keep_units(tx: Tx, campaign_id: int, repeat: Repeat) -> None:
    drawn = repeat.draw.drawn
    facts = [repeat.lines[one.household].split(",") for one in drawn]
    _, villages, kinds, supports, lows, members = zip(*facts, strict=True)
    done = await tx.conn.execute(
        _KEEP_UNITS, campaign_id, [one.household for one in drawn], ["/".join(one.stratum) for one in drawn],
        [one.role for one in drawn], [one.rank for one in drawn], villages, kinds, supports,
        [low == "1" for low in lows], [int(number) for number in members],
    )  # fmt: skip
    if missing := len(drawn) - int(done.split()[-1]):
        raise Refused("SUR-126", count=missing)


@command(P.PREPARE, audit="surveys.sample.hand_over")
async def hand_over(tx: Tx, campaign_id: int, surveyor: int, ends_on: date, county: str) -> Row:
    """Hand the households of a county, or of all, to an outside surveyor, engaged for this survey alone.

    Raises: Refused SUR-124, the person is not one who can be engaged; SUR-134, no household of the sample
        lies there; what `engage` refuses.
    """
    row = await queries.campaign(tx, campaign_id, lock=True)
    if county and county not in {one["division_code"] for one in await queries.strata(tx, campaign_id)}:
        raise Refused("SUR-134", field="county")
    if surveyor not in {one["id"] for one in await queries.surveyors(tx, campaign_id)}:
        raise Refused("SUR-124", field="surveyor")
    engagement = await _engagement(tx, row, surveyor, ends_on)
    if row["state"] != S.HANDED_OVER:
        row = await fire(tx, CAMPAIGN, Campaign, row, "hand_over", clause=CLAUSE)
    done = await tx.conn.execute(
        "UPDATE surveys_sample_unit SET engagement_id = $2 WHERE campaign = $1 AND state = 'active'"
        " AND starts_with(division_code, $3)",
        campaign_id, engagement, county[: rules.COUNTY_DIGITS],
    )  # fmt: skip
    subject = ("surveys_campaign", campaign_id, row["division_code"])
    await tx.note(subject, "surveys.sample.hand_over", households=int(done.split()[-1]), county=county, until=ends_on)
    return row


async def _engagement(tx: Tx, row: Row, surveyor: int, ends_on: date) -> int:
    """Find the person's engagement for this survey, or make it. Raises: Refused SUR-137, it ends on another day."""
    for one in await engagements_for(tx, "surveys_campaign", row["id"]):
        if one["user_id"] == surveyor and one["revoked_at"] is None and one["ends_on"] >= tx.today:
            if one["ends_on"] != ends_on:
                raise Refused("SUR-137", field="ends_on", until=one["ends_on"])
            return int(one["id"])
    key = await engage(
        tx, user_id=surveyor, role=Role.SURVEYOR, subject_table="surveys_campaign", subject_id=row["id"],
        purpose=row["title"], starts_on=tx.today, ends_on=ends_on,
    )  # fmt: skip
    await tx.enter("surveys.sample.hand_over")
    return key


@command(P.PREPARE, audit="surveys.sample.replace")
async def replace(tx: Tx, unit_id: int, reason: str) -> Row:
    """Replace a household that cannot be asked by the next substitute of its stratum, and say why.

    Raises: Refused SUR-135, the sample is not confirmed yet or the survey is over; SUR-120, no reason;
        SUR-123, no substitute is left.
    """
    row = await queries.unit(tx, unit_id)
    if (await queries.campaign(tx, row["campaign"], lock=True))["state"] not in ASKED:
        raise Refused("SUR-135")
    spare = await tx.conn.fetchrow(
        "SELECT * FROM surveys_sample_unit WHERE stratum = $1 AND state = 'waiting' ORDER BY rank LIMIT 1 FOR UPDATE",
        row["stratum"],
    )
    if spare is None:
        raise Refused("SUR-123")
    await fire(tx, UNIT, SampleUnit, row, "replace", clause=CLAUSE, sets={"reason": reason}, reason=reason)
    sets = {"replaces": unit_id, "engagement_id": row["engagement_id"]}
    return await fire(tx, UNIT, SampleUnit, dict(spare), "call", clause=CLAUSE, sets=sets, reason=reason)


@command(P.PREPARE, audit="surveys.sample.close")
async def close(tx: Tx, campaign_id: int) -> Row:
    """Close a survey whose fieldwork has ended."""
    row = await queries.campaign(tx, campaign_id, lock=True)
    return await fire(tx, CAMPAIGN, Campaign, row, "close", clause=CLAUSE)


@command(P.PREPARE, audit="surveys.sample.void")
async def void(tx: Tx, campaign_id: int, reason: str) -> Row:
    """Void a survey of which nothing is drawn yet. Raises: Refused SUR-120."""
    row = await queries.campaign(tx, campaign_id, lock=True)
    return await fire(tx, CAMPAIGN, Campaign, row, "void", clause=CLAUSE, reason=reason)


@command(P.PREPARE, audit="surveys.sample.ask_void")
async def ask_void(tx: Tx, campaign_id: int, reason: str) -> Row:
    """Ask that a draw be void, before anything is handed over; somebody else decides. Raises: Refused SUR-120."""
    row = await queries.campaign(tx, campaign_id, lock=True)
    return await fire(tx, CAMPAIGN, Campaign, row, "ask_void", clause=CLAUSE, reason=reason)


@command(P.CONFIRM, audit="surveys.sample.agree_void")
async def agree_void(tx: Tx, campaign_id: int, reason: str) -> Row:
    """Agree as a second person that a draw is void; all of it stays on file. Raises: Refused SUR-138, SUR-120."""
    return await _decide_void(tx, await queries.campaign(tx, campaign_id, lock=True), "agree_void", reason)


@command(P.CONFIRM, audit="surveys.sample.keep")
async def keep(tx: Tx, campaign_id: int, reason: str) -> Row:
    """Keep a draw that somebody asked to void: it stands where it stood. Raises: Refused SUR-138, SUR-120."""
    row = await queries.campaign(tx, campaign_id, lock=True)
    return await _decide_void(tx, row, "keep_confirmed" if row["confirmed_by"] else "keep", reason)


async def _decide_void(tx: Tx, row: Row, verb: str, reason: str) -> Row:
    asked = await queries.void_asked(tx, row["id"])
    return await fire(
        tx, CAMPAIGN, Campaign, row, verb, clause=CLAUSE, reason=reason, user_id=tx.actor.user_id,
        asked_by=asked and asked["actor_id"],
    )  # fmt: skip


@command(P.LIST, audit="surveys.sample.export")
async def sheet(tx: Tx, campaign_id: int) -> Sheet:
    """Give the whole draw as one plain file (FORMAT.md); who took it out is recorded.

    Raises: Refused KRN-404; SUR-136, nothing is drawn: who has the frame must not choose the seed by it.
    """
    row = await queries.campaign(tx, campaign_id)
    if not row["seed"]:
        raise Refused("SUR-136")
    frame = lines_of(await queries.chunks(tx, campaign_id))
    drawn = await tx.conn.fetch(
        "SELECT household_code, role, rank FROM surveys_sample_unit WHERE campaign = $1", campaign_id
    )
    subject = ("surveys_campaign", campaign_id, row["division_code"])
    await tx.note(subject, "surveys.sample.export", frame_sha256=row["frame_sha256"])
    return Sheet(
        str(campaign_id), str(row["frozen_on"]), design_of(row), row["seed"], row["frame_sha256"], frame,
        {one["household_code"]: (one["role"], one["rank"]) for one in drawn},
    )  # fmt: skip
