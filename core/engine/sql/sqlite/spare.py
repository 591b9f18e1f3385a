"""Disk blocks reserved beside the SQLite file, so that the next start can read on a full disk.

SQLite needs some blocks for its lock table (`-shm`) before it can read. A clean stop frees those
blocks, and another program may take them.
"""

import os
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage

SPARE_BYTES = 256 * 1024
"""Several times the lock table, because new file names in the folder also need blocks."""


def give_up_spare(database: str) -> None:
    """Free the spare blocks if the disk has no others."""
    spare = spare_of(database)
    if spare.exists() and disk_usage(spare.parent).free < SPARE_BYTES:
        spare.unlink(missing_ok=True)


def keep_spare(database: str) -> None:
    """Reserve the spare blocks again, if there is room for them."""
    spare = spare_of(database)
    with suppress(OSError):
        if spare.exists() or disk_usage(spare.parent).free < 4 * SPARE_BYTES:
            return
        spare.write_bytes(os.urandom(SPARE_BYTES))  # random, so no file system can compress it


def spare_of(database: str) -> Path:
    return Path(f"{database}-spare")
