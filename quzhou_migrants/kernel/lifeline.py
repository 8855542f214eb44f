"""A child process ends when its parent is gone, so that a killed server leaves nothing half alive on its port."""

from __future__ import annotations

import os
import signal
import threading

SECONDS = 0.5


def end_with_parent() -> None:
    """Watch the parent from a thread; send ourselves SIGTERM, then SIGKILL, when somebody else is the parent."""
    parent = os.getppid()
    gone = threading.Event()

    def watch() -> None:
        while os.getppid() == parent:
            gone.wait(SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        gone.wait(SECONDS * 4)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
