"""A child of the supervisor ends with it, even when the supervisor is killed."""

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def end_with(descriptor: int) -> None:
    """End this process at once when the other end of the pipe `descriptor` closes.

    At once, not gently: a request in flight is answered or rolled back by the database, and the port must be
    free for the supervisor's successor.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os._exit(1)
