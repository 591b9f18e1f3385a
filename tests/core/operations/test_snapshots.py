"""The snapshots of dead servers are removed, and those of running servers stay."""

import os
import subprocess
import sys
from pathlib import Path

from core.operations.snapshots import Snapshots, forget_dead_servers


def test_what_dead_servers_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    own, living = os.getpid(), os.getppid()
    for server in (dead.pid, own, living):
        Snapshots(tmp_path, server).keep(b"[]")
    (tmp_path / "a note").mkdir()
    forget_dead_servers(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {str(living), "a note"}


def test_there_may_be_nothing_to_remove(tmp_path: Path) -> None:
    forget_dead_servers(tmp_path / "none")


def test_those_of_others_are_read_and_the_dead_are_told_from_the_living(tmp_path: Path) -> None:
    here, there = (Snapshots(tmp_path, os.getppid()) for _ in range(2))
    here.keep(b"[1]")
    there.keep(b"[2]")
    there.keep(b"[3]")
    (tmp_path / str(os.getppid()) / "1-1.json").write_bytes(b"[4]")
    assert sorted(here.of_others()) == [b"[3]", b"[4]"]
    assert here.worker_pids() == [os.getpid()]
