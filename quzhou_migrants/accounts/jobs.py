"""Scheduled work of the accounts room."""

from quzhou_migrants.accounts.parked import KEPT_SECONDS
from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.kernel.tx import Tx


async def sweep(tx: Tx, _period: str) -> None:
    """Forget sessions, tries and kept forms that are of no use to anybody. A daily job.

    An ended session stays for a day: by it a form sent too late finds its owner.
    """
    await tx.conn.execute("DELETE FROM accounts_session WHERE least(idle_until, expires_at) < now() - interval '1 day'")
    await tx.conn.execute("DELETE FROM accounts_attempt WHERE since < now() - interval '1 day'")
    await tx.conn.execute(
        "DELETE FROM accounts_parked_post WHERE at < now() - make_interval(secs => $1)", float(KEPT_SECONDS)
    )


JOBS = (Job("accounts.sweep", "day", sweep, catch_up=1),)
