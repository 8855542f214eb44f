"""Scheduled work of the register."""

from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.register.import_work import resume, sweep

JOBS = (
    Job("register.import.resume", "minute", resume, catch_up=1),
    Job("register.import.sweep", "day", sweep, catch_up=1),
)
