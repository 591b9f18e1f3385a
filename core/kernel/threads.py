"""Threads that compute for long, beside those that answer."""

import os
import sys
from contextlib import suppress
from threading import get_native_id

LOW_PRIORITY = 10
"""As `nice` has it."""


def lower_priority() -> None:
    """Of this thread alone, which only Linux can; elsewhere its number may be a process's."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), LOW_PRIORITY)
