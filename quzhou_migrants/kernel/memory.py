"""How often a long-lived process looks for garbage.

A page or an import makes and drops tens of thousands of objects that reference counting frees by
itself; looking through all that was loaded at start every 700 of them cost a quarter of the
processor time of an import (measured: 13.6 s against 10.2 s for 100,000 rows).
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 100


def settle() -> None:
    """Set what is loaded by now aside and look at new objects less often; once, when a process is ready to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
