"""Scheduled work of the dossier."""

from __future__ import annotations

from projects.dossier.making import resume
from quzhou_migrants.kernel.jobs import Job

JOBS = [Job("projects.dossier.resume", "minute", resume, catch_up=1)]
