"""The way of a request is printed in order, without background work."""

import re
import subprocess
import sys

import pytest

from tests.bench.way import Function, report

READ, WRITE, BESIDE = (
    Function("a.py", "read"),
    Function("core/engine/b.py", "W.write"),
    Function("c.py", "beside"),
)


def test_what_is_not_in_every_call_is_left_out() -> None:
    ways = [[READ, WRITE, READ], [READ, BESIDE, WRITE, READ, READ]]
    assert report(ways).splitlines() == [
        "    2  a.py              read",
        "    1  core/engine/b.py  W.write",
        "2 functions in 2 files; 3 calls, 2 switches between files.",
        "Of these, 1 functions in 1 files are the engines'.",
    ]


@pytest.mark.process
@pytest.mark.engine
def test_the_way_of_a_change_begins_at_the_socket_and_passes_its_router() -> None:
    command = [sys.executable, "-m", "tests.bench.way", "PATCH /users/me"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    first, *way, totals, _ = done.stdout.splitlines()
    assert "HttpProtocol.data_received" in first
    assert any("modules/users/router/profile.py" in line for line in way)
    assert any("core/engine/sql/sqlite/writer.py" in line for line in way)
    assert re.fullmatch(r"\d+ functions in \d+ files; \d+ calls, \d+ switches .*", totals)
