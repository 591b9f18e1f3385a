"""The log writer keeps the order, writes each line once and lets no caller wait for the reader."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from threading import enumerate as threads
from time import monotonic, sleep

import pytest

from config.log_writer import LogWriter


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def fd(log: Path) -> Iterator[int]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    yield descriptor
    os.close(descriptor)


def test_closing_writes_the_rest(fd: int, log: Path) -> None:
    lines = LogWriter(fd, every_s=60)
    for number in range(1000):
        lines.info(b"%d" % number)
    lines.close()
    assert log.read_bytes().split() == [b"%d" % number for number in range(1000)]


def test_the_thread_writes_by_itself(fd: int, log: Path) -> None:
    lines = LogWriter(fd, every_s=0.01)
    lines.info(b"here")
    wait_until(lambda: log.read_bytes() == b"here\n")
    lines.close()


def test_an_error_is_written_at_once(fd: int, log: Path) -> None:
    lines = LogWriter(fd, every_s=60)
    lines.error(b"here")
    wait_until(lambda: log.read_bytes() == b"here\n")
    lines.close()


def test_lines_after_closing_are_written_too(fd: int, log: Path) -> None:
    lines = LogWriter(fd, every_s=60)
    lines.info(b"first")
    lines.close()
    lines.info(b"late")
    lines.close()
    assert log.read_bytes() == b"first\nlate\n"


def test_threads_lose_nothing(fd: int, log: Path) -> None:
    lines = LogWriter(fd, every_s=0.001)
    threads = [Thread(target=write_many, args=(lines, 2000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.close()
    assert log.read_bytes() == b"x\n" * 16_000


def test_what_nobody_takes_away_is_dropped_and_counted() -> None:
    reader, writer = os.pipe()
    lines = LogWriter(writer, every_s=60, most=3)
    for number in range(5):
        lines.info(b"%d" % number)
    lines.close()
    *kept, dropped = os.read(reader, 1000).splitlines()
    assert kept == [b"0", b"1", b"2"]
    assert b"log_lines_dropped" in dropped and b'"count":2' in dropped
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_stopped_holds_nobody_up(blocking: bool) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    lines, others = LogWriter(writer, every_s=0.001), {*threads()}
    for _ in range(100):
        lines.info(b"x" * 10_000)
    lines.close(timeout_s=0.1)
    taken = 0
    while taken < 100 * 10_001:
        taken += len(os.read(reader, 65536))
    assert taken == 100 * 10_001
    os.close(reader)
    wait_until(lambda: others.issuperset(threads()))
    os.close(writer)


def test_a_reader_that_left_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = LogWriter(writer, every_s=60)
    lines.info(b"x")
    lines.close()
    os.close(writer)


def write_many(lines: LogWriter, count: int) -> None:
    for _ in range(count):
        lines.info(b"x")


def wait_until(done: Callable[[], bool]) -> None:
    end = monotonic() + 10
    while not done():
        assert monotonic() < end
        sleep(0.005)
