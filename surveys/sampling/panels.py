"""What waits on a person's home page."""

from __future__ import annotations

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx
from surveys.permissions import P
from surveys.sampling.states import CAMPAIGN, S

NEXT = {S.DRAFT: "freeze", S.FROZEN: "draw", S.DRAWN: "confirm", S.CONFIRMED: "hand_over", S.VOID_ASKED: "agree_void"}


async def waiting(tx: Tx) -> list[Task]:
    """List the surveys whose next step this person may take, and the households an outsider asks."""
    if tx.actor.may(P.SURVEY):
        return await _to_ask(tx)
    rows = await tx.conn.fetch(
        "SELECT c.id, c.title, c.state, c.division_code, CASE c.state WHEN 'drawn' THEN c.drawn_by"
        " WHEN 'void_asked' THEN (SELECT j.actor_id FROM kernel_journal j WHERE j.subject_table = 'surveys_campaign'"
        " AND j.subject_id = c.id AND j.verb = 'SAMPLE.ask_void' ORDER BY j.id DESC LIMIT 1) END AS not_by"
        " FROM surveys_campaign c WHERE c.state = ANY ($1) ORDER BY c.id",
        [str(state) for state in NEXT],
    )
    return [
        Task(
            f"{row['title']}：{CATALOGUE.text(f'step.{verb}')}",
            f"/samples/{row['id']}",
            None,
            row["division_code"],
            "sample",
        )
        for row in rows
        if tx.actor.may(CAMPAIGN.arrow(row["state"], verb := NEXT[S(row["state"])]).permission)
        and row["not_by"] != (tx.actor.user_id or 0)
    ]


async def _to_ask(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT m.title, m.division_code, e.ends_on, count(*) AS households FROM surveys_sample_unit u"
        " JOIN surveys_campaign m ON m.id = u.campaign JOIN accounts_engagement e ON e.id = u.engagement_id"
        " WHERE u.state = 'active' GROUP BY m.id, m.title, m.division_code, e.ends_on ORDER BY m.id"
    )
    return [
        Task(
            CATALOGUE.text("step.ask").format(title=row["title"], households=row["households"]),
            "/samples/mine", row["ends_on"], row["division_code"], "sample",
        )
        for row in rows
    ]  # fmt: skip
