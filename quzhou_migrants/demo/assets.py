"""From completed works to assets that are looked at every year, each step on its day by whoever takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from projects.assets import care, service
from projects.assets.forms import (
    AcceptForm,
    AssetKind,
    AuditForm,
    CardForm,
    CheckForm,
    Condition,
    DefectForm,
    HandoverForm,
    MendForm,
    OwnerForm,
    Part,
    PreAcceptForm,
)
from projects.assets.rules import ASPECTS, add_months
from projects.dossier import service as dossier
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.demo.lives import DAY, Life, Site
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say
from quzhou_migrants.kernel.tx import Tx

SIMPLE_MAX = 20_000_000  # fen, as the pack has it: below it works go the short way
EARLY = ("contract_scan", "start_report")
DONE = ("completion_report", "completion_photo", "as_built", "final_account", "quality_report")
PROOFS = ("money_report", "benefit_report", "audit_report", "archive_list")
KINDS = {
    "farmland_water": AssetKind.WATER,
    "transport_social": AssetKind.ROAD,
    "ecology": AssetKind.LAND,
    "training": AssetKind.EQUIPMENT,
    "industry": AssetKind.BUILDING,
}
LIFE_YEARS = 30


@dataclass(frozen=True, slots=True)
class End:
    """One finished project: where it stands, what was agreed, when it was finished. Units: fen."""

    site: Site
    contract_fen: int
    completed: date

    @property
    def rng(self) -> Random:
        """Random numbers of the site."""
        return self.site.rng


async def finish(end: End, workday: Any) -> tuple[date, int] | None:  # noqa: ANN401 - a function of days
    """Take completed works as far as they are to come. Shape: (day of acceptance, fen settled), None before it."""
    life = end.site.life
    accepted = life.reaches("accepted")
    small = end.contract_fen <= SIMPLE_MAX
    stop = 3 if accepted else life.id % 3  # completed, pre-accepted, audited, accepted
    settled = end.contract_fen
    await _papers(end, (*EARLY, *DONE, *(PROOFS if stop > 1 else ())), end.completed)
    if stop and not (small and accepted):
        await _pre_accept(end, workday(end.completed + 8 * DAY), mended=stop > 1)
        if stop > 1:
            overpaid = not accepted and life.id % 2 == 0
            settled = settled // 2 if overpaid else settled - settled * end.rng.randrange(4) // 100
            note = say("audit_cut" if overpaid else "audit_note")
            await _audit(end, workday(end.completed + 16 * DAY), settled, note)
    if not accepted:
        return None
    held = workday(end.completed + 20 * DAY)
    await _accept(end, held, settled)
    await _papers(end, ("acceptance_opinion",), held)
    return held, settled


async def hand_over(end: End, day: date, settled: int) -> None:
    """Hand the asset over and look at it once a year, as far as years have passed."""
    life, village = end.site.life, end.site.life.village
    owner, caretaker = (say(name, village=village.name) for name in ("asset_owner", "caretaker"))
    own = settled * life.own_fen // life.estimate_fen
    owners = [OwnerForm(owner, settled - own), OwnerForm(caretaker, own)] if own else [OwnerForm(owner, settled)]
    card = CardForm(life.title, KINDS.get(life.category, AssetKind.OTHER), settled, "1", life.category == "industry")
    async with acting(_clerk(end), day) as tx:
        form = HandoverForm(day, caretaker, owners, [card], await _version(tx, end), say("asset", title=life.title))
        await service.hand_over(tx, life.id, form)
        key = await tx.conn.fetchval("SELECT id FROM projects_asset WHERE project = $1", life.id)
    await _papers(end, ("handover_paper",), day)
    look = add_months(day, 11)
    while look < BUSINESS_DATE and end.rng.random() < 0.9:  # noqa: PLR2004 - some looks are forgotten
        async with acting(end.site.world.actor(Role.VILLAGE_CLERK, village.code), look) as tx:
            await care.check(tx, key, _look(end, look))
        look = add_months(look, 12)


async def ask_for_dossier(world: World, county: str, lives: list[Life]) -> None:
    """Ask for the archive of one finished project of a county; the running service makes it."""
    done = next((life for life in lives if life.reaches("accepted")), None) or lives[0]
    async with acting(world.actor(Role.COUNTY_CLERK, county), BUSINESS_DATE) as tx:
        await dossier.ask(tx, done.id, "zip")


def _look(end: End, day: date) -> CheckForm:
    if end.rng.random() < 0.8:  # noqa: PLR2004 - most are in order
        return CheckForm(day, Condition.GOOD)
    return CheckForm(day, Condition.WORN, say("asset_worn"), say("asset_measure"))


async def _pre_accept(end: End, day: date, *, mended: bool) -> None:
    found = [DefectForm(say("defect"), day + 15 * DAY)] if not mended or end.rng.random() < 0.5 else []  # noqa: PLR2004 - half are without a fault
    async with acting(_clerk(end), day) as tx:
        form = PreAcceptForm(day, say("accept_members"), "pass", await _version(tx, end), found, say("pre_accept_note"))
        await service.pre_accept(tx, end.site.life.id, form)
        keys = await tx.conn.fetch("SELECT id FROM projects_defect WHERE project = $1", end.site.life.id)
        for row in keys if mended else ():
            await care.mend(tx, row["id"], MendForm(day, say("defect_mended")))
            await care.judge(tx, row["id"], "confirm", say("defect_confirmed"))


async def _audit(end: End, day: date, settled: int, note: str) -> None:
    async with acting(_clerk(end), day) as tx:
        number = say("audit_no", year=day.year, n=end.site.life.id)
        seen = await _version(tx, end)
        await service.audit(
            tx,
            end.site.life.id,
            AuditForm(day, say("audit_firm"), number, end.contract_fen, settled, seen, note),
        )


async def _accept(end: End, day: date, settled: int) -> None:
    built = end.site.life.category in {"transport_social", "industry"}
    parts = [Part.STRUCTURE, Part.WATERPROOF] if built else [Part.PIPES]
    async with acting(_clerk(end), day) as tx:
        sides: dict[str, Any] = dict.fromkeys(ASPECTS, "pass")
        form = AcceptForm(
            held_on=day,
            members=say("accept_members"),
            settled_fen=settled,
            parts=parts,
            life_years=LIFE_YEARS if built else None,
            seen=await _version(tx, end),
            **sides,
        )
        await service.accept(tx, end.site.life.id, form)


async def _papers(end: End, kinds: tuple[str, ...], day: date) -> None:
    life = end.site.life
    async with acting(_clerk(end), day) as tx:
        rows = [paper_record(("projects_project", life.id), life.village.code, k, _sheet(end, k), day) for k in kinds]
        await write(tx, "kernel_file", rows)


def _sheet(end: End, kind: str) -> pictures.Picture:
    return pictures.keep(pictures.photo(end.rng, 10_000)) if kind == "completion_photo" else pictures.sheet(kind)


def _clerk(end: End) -> Any:  # noqa: ANN401 - an actor
    return end.site.world.actor(Role.COUNTY_CLERK, end.site.life.village.county)


async def _version(tx: Tx, end: End) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_project WHERE id = $1", end.site.life.id))
