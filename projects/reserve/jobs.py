"""Scheduled work of review."""

from projects.reserve.batches import resume
from quzhou_migrants.kernel.jobs import Job

JOBS = (Job("projects.reserve.batches", "minute", resume, catch_up=1),)
