"""A process of a server ends when the server is gone, so that a killed one leaves nothing half alive on its port."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

VARIABLE = "QUZHOU_MIGRANTS_SERVER"
SECONDS = 0.5


def offer() -> None:
    """Tell the processes we are about to start who their server is."""
    os.environ[VARIABLE] = str(os.getpid())


def hold() -> None:
    """Watch the server that started us, if one did; end politely, then firmly, when it is gone.

    The server is named by number, not asked for as our parent: it may be gone before we look.
    """
    server = int(os.environ.get(VARIABLE, "0"))
    if server and server != os.getpid():
        threading.Thread(target=_watch, args=(server,), name="lifeline", daemon=True).start()


def follow_parent() -> None:
    """End a helper process with the one that started it: a killed one closes nothing, its child would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_follow, args=(parent,), name="lifeline", daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _watch(server: int) -> None:
    pause = threading.Event()
    while os.getppid() == server:
        pause.wait(SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    pause.wait(SECONDS * 4)
    os.kill(os.getpid(), signal.SIGKILL)
