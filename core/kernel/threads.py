"""The priority of threads that compute for a long time."""

import os
import sys
from contextlib import suppress
from threading import get_native_id

LOW_PRIORITY = 10
"""The nice value of such a thread."""


def lower_priority() -> None:
    """Lower the priority of this thread alone, which only Linux can do.

    On other systems the id of the thread may be that of a process.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), LOW_PRIORITY)
