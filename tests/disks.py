"""A disk of a few megabytes that a test may fill. Only root can mount it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

CHUNK = bytes(4096)


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder, self._filling = folder, folder / "filling"

    def fill(self) -> None:
        """Fill all free blocks."""
        with self._filling.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(CHUNK)

    def clear(self) -> None:
        """Free all blocks that `fill` has filled."""
        self._filling.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    folder.mkdir()
    options = f"size={megabytes}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if os.geteuid() or mounted.returncode:
        pytest.skip("A small disk can be mounted by root only.")
    try:
        yield SmallDisk(folder)
    finally:
        unmount = ["umount", "--lazy", str(folder)]
        subprocess.run(unmount, check=True)
