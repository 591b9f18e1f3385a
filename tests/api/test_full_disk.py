"""A disk that fills up before, during and after the start: writes are 503, and reads go on."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from httpx import Client, Response

from config.log_writer import LogWriter
from core.engine.sql.cache_versions import SIZE
from core.testing.databases import (
    HAS_POSTGRES,
    HOW_TO_GET_POSTGRES,
    postgres_database,
    postgres_server,
)
from tests.api.serving import ADMIN_EMAIL, Served, client_at, eventually, serving, sign_in
from tests.disks import SmallDisk, small_disk

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]
numbers = count()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        yield disk


def new_user(client: Client, **headers: str) -> Response:
    email = f"user{next(numbers)}@example.com"
    body = {"name": "Some User", "email": email, "password": "a long plain sentence"}
    return client.post("/auth/register", json=body, headers=headers)


def upload(client: Client) -> Response:
    return client.post("/files/upload", files={"file": ("a.txt", b"text" * 20_000, "text/plain")})


def refused(answer: Response) -> bool:
    """Return whether the response is that of a write to a full disk."""
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 503 and "retry-after" in answer.headers


def reads(client: Client) -> list[int]:
    paths = ("/users/me", "/users?search=admin", "/files", "/users/me/activity")
    return [client.get(path).status_code for path in paths]


def check_while_full(served: Served, client: Client) -> None:
    """Check reads and writes; some writes may fit into blocks that the database already has."""
    eventually(lambda: refused(new_user(client)))
    assert refused(new_user(client, **{"idempotency-key": f"key-{next(numbers)}"}))
    assert refused(upload(client))
    assert reads(client) == [200] * 4
    assert served.process.poll() is None, served.printed


def check_recovery(client: Client) -> None:
    assert new_user(client).status_code == 201
    assert new_user(client, **{"idempotency-key": f"key-{next(numbers)}"}).status_code == 201
    assert upload(client).status_code == 201
    assert reads(client) == [200] * 4


def at(served: Served, token: str) -> Client:
    return client_at(served.address(), token)


def admin_token(served: Served) -> str:
    return sign_in(served.address(), ADMIN_EMAIL)


def test_the_service_survives_a_disk_that_fills_up(disk: SmallDisk) -> None:
    with serving(disk.folder, WORKERS="2") as served:
        with at(served, admin_token(served)) as client:
            disk.fill()
            check_while_full(served, client)
            disk.clear()
            check_recovery(client)
        assert served.stop() == 0


def test_a_disk_that_was_full_before_the_start(disk: SmallDisk) -> None:
    with serving(disk.folder) as served:
        token = admin_token(served)
        assert served.stop() == 0
    disk.fill()
    with serving(disk.folder) as served, at(served, token) as client:
        disk.fill()
        check_while_full(served, client)
        disk.clear()
        check_recovery(client)
        assert served.stop() == 0


def test_a_full_disk_after_a_process_was_killed(disk: SmallDisk) -> None:
    with serving(disk.folder) as served:
        token = admin_token(served)
    disk.fill()
    with serving(disk.folder) as served, at(served, token) as client:
        check_while_full(served, client)
        disk.clear()
        check_recovery(client)


@pytest.mark.skipif(not HAS_POSTGRES, reason=HOW_TO_GET_POSTGRES)
def test_the_database_is_elsewhere(disk: SmallDisk) -> None:
    """Only writes to the disk fail: each commit writes a number into the mapped file."""
    with (
        postgres_database(postgres_server()) as url,
        serving(disk.folder, DATABASE_URL=url) as served,
    ):
        with at(served, admin_token(served)) as client:
            disk.fill()
            assert [new_user(client).status_code for _ in range(5)] == [201] * 5
            assert refused(upload(client))
            disk.clear()
            check_recovery(client)
        assert served.stop() == 0


def test_a_first_start_on_a_full_disk_says_so(disk: SmallDisk, tmp_path: Path) -> None:
    disk.fill()
    with serving(tmp_path, DATA_DIR=str(disk.folder / "var")) as served:
        assert served.process.wait(timeout=30) == 1
        assert "The disk is full" in served.printed and "Traceback" not in served.printed


@pytest.mark.skipif(not HAS_POSTGRES, reason=HOW_TO_GET_POSTGRES)
def test_a_start_without_room_for_the_mapped_file_is_refused(
    disk: SmallDisk, tmp_path: Path
) -> None:
    data_dir = str(disk.folder / "var")
    disk.fill()
    with (
        postgres_database(postgres_server()) as url,
        serving(tmp_path, DATA_DIR=data_dir, DATABASE_URL=url) as served,
    ):
        assert served.process.wait(timeout=60) == 1
        assert "The disk is full" in served.printed and "Traceback" not in served.printed


def test_a_mapped_file_without_blocks(disk: SmallDisk) -> None:
    """Earlier versions created this file: a store into it ended the process on a full disk."""
    with serving(disk.folder) as served:
        token = admin_token(served)
        assert served.stop() == 0
    mapped = disk.folder / "var/generations"
    os.truncate(mapped, 0)
    os.truncate(mapped, SIZE)
    with serving(disk.folder) as served, at(served, token) as client:
        disk.fill()
        check_while_full(served, client)
        disk.clear()
        check_recovery(client)


def test_the_log_says_how_many_lines_found_no_room(disk: SmallDisk) -> None:
    log = disk.folder / "log"
    with log.open("wb") as file:
        lines = LogWriter(file.fileno(), every_s=60)
        lines.info(b"first")
        lines.flush()
        disk.fill()
        for _ in range(3):
            lines.info(b"x" * 4096)
        lines.flush()
        disk.clear()
        lines.info(b"last")
        lines.flush()
    written = log.read_bytes().splitlines()
    assert written[0] == b"first" and written[-2] == b"last"
    assert b"log_lines_dropped" in written[-1] and b'"count":3' in written[-1]
