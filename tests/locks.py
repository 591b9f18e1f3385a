"""Another process with the write lock of SQLite, such as a backup tool or a shell."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLD = """
import select, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
select.select([sys.stdin], [], [], float(sys.argv[2]))
connection.rollback()
"""


class Holder:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def still_holds(self) -> bool:
        return self._process.poll() is None

    def release(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def locked(database: Path, at_most_s: float) -> Iterator[Holder]:
    """Hold the lock until it is released, and at most for this number of seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database), str(at_most_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    holder = Holder(process)
    assert process.stdout and process.stdin
    try:
        assert process.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.release()
        process.stdout.close()
        process.stdin.close()
