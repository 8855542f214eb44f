"""What scheduled work leaves behind: who leads, and one row for every run."""

from piccolo.columns import Integer, Text, Timestamptz, Varchar

from quzhou_migrants.kernel.tables import BigSerial, Check, Stamp, Table, Unique, platform


@platform("SELECT, INSERT, UPDATE, DELETE")
class Lease(Table, tablename="kernel_lease"):
    """The right to lead some work, held until a moment of the database's clock."""

    name = Varchar(length=40, primary_key=True)
    owner = Varchar(length=40, null=False)
    until = Timestamptz(null=False)


@platform("SELECT, INSERT, UPDATE, DELETE")
class JobRun(Table, tablename="kernel_job_run"):
    """One run of a job for one period; a period runs once, however many processes there are."""

    id = BigSerial(primary_key=True)
    job = Varchar(length=80, null=False)
    period = Varchar(length=16, null=False)
    state = Varchar(length=8, null=False, default="running")
    owner = Varchar(length=40, null=False)
    attempts = Integer(null=False, default=1)
    started_at = Stamp()
    finished_at = Timestamptz(null=True, default=None)
    note = Text(null=False, default="")

    kernel_job_run_once = Unique(["job", "period"])
    kernel_job_run_state = Check((state == "running") | (state == "done") | (state == "failed"))
