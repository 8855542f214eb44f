"""What upper packages use to bind papers into one PDF or one archive, as the dossier of a project is bound."""

from __future__ import annotations

from projects.dossier.binding import Bound, Part, Words, bind, pack, render_all
from projects.dossier.documents import label, words

__all__ = ["Bound", "Part", "Words", "bind", "label", "pack", "render_all", "words"]
