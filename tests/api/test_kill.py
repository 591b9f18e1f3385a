"""kill -9 at random moments: what was acknowledged is there, what was refused is not.

And what nobody knows of, because the answer never came, is there as a whole or not at all.
"""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from httpx import Client, Response, TransportError

from core.wiring.registry import discover
from tests.api.serving import ADMIN_EMAIL, ADMIN_PASSWORD, Served, client_at, eventually, serving
from tests.api.serving import sign_in as signed_in
from tests.modules.files.uploads import PNG

KILLS, CLIENTS = 30, 4
MOST_REQUESTS, LONGEST_S = 60, 0.05
"""How many are begun before the kill, and how long it waits then."""
LARGEST_FILE = 300_000
KINDS = ("kept", "refused", "unknown")
HAS_POSTS = "posts" in discover()


@dataclass
class Told:
    """What became of a thing, as far as its client was told."""

    kept: dict[str, Any] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unknown: dict[str, Any] = field(default_factory=dict)

    def settle(self, name: str, value: Any, answer: Response | None) -> None:
        if answer is None:
            self.unknown[name] = value
        elif answer.is_success:
            self.kept[name] = value
        else:
            self.refused.add(name)

    def check(self, found: dict[str, Any]) -> None:
        """Everything kept, nothing refused, and of what is unknown no half."""
        lost = {name for name, value in self.kept.items() if found.get(name) != value}
        assert not lost
        assert not self.refused & found.keys()
        strange = {name for name in found.keys() - self.kept.keys() - self.unknown.keys()}
        assert not strange
        for name in found.keys() & self.unknown.keys():
            assert found[name] == self.unknown[name]


@dataclass
class Writer:
    """One person who does something all the time, and writes down what came of it."""

    number: int
    random: Random
    email: str
    people: Told = field(default_factory=Told)
    posts: Told = field(default_factory=Told)
    files: Told = field(default_factory=Told)
    """By their checksum."""
    ids: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    """The last name that was acknowledged, and whatever was tried after it."""
    token: str = ""
    count: int = 0

    def work(self, address: str, start: Barrier) -> None:
        """Until the server is gone."""
        acts = [self.register, self.rename, self.upload, self.upload, self.remove]
        if HAS_POSTS:
            acts.append(self.publish)
        with client_at(address, self.token) as client:
            start.wait()
            while True:
                self.count += 1
                if not self.random.choice(acts)(client):
                    return

    def register(self, client: Client) -> bool:
        email = f"w{self.number}-{self.count}@example.com"
        good = self.random.random() < 0.7
        body = {"name": email[:50], "email": email, "password": ADMIN_PASSWORD if good else "x"}
        answer = ask(lambda: client.post("/auth/register", json=body))
        self.people.settle(email, email[:50], answer)
        return answer is not None

    def rename(self, client: Client) -> bool:
        good = self.random.random() < 0.8
        name = f"Name {self.count}" if good else ""
        answer = ask(lambda: client.patch("/users/me", json={"name": name}))
        if answer is None:
            self.names.append(name)
        elif answer.is_success:
            self.names = [name]
        return answer is not None

    def publish(self, client: Client) -> bool:
        title = f"{self.number}-{self.count}"
        content = self.random.randbytes(500).hex() if self.random.random() < 0.8 else ""
        body = {"title": title, "content": content}
        answer = ask(lambda: client.post("/posts", json=body))
        self.posts.settle(title, content, answer)
        return answer is not None

    def upload(self, client: Client) -> bool:
        good = self.random.random() < 0.8
        content = (PNG if good else b"no picture") + self.random.randbytes(
            self.random.randrange(LARGEST_FILE)
        )
        checksum, sent = sha256(content).hexdigest(), {"file": ("a.png", content)}
        answer = ask(lambda: client.post("/files/upload", files=sent))
        self.files.settle(checksum, len(content), answer)
        if answer and answer.is_success:
            self.ids[checksum] = answer.json()["id"]
        return answer is not None

    def remove(self, client: Client) -> bool:
        if not self.ids:
            return True
        checksum, file_id = self.ids.popitem()
        answer = ask(lambda: client.delete(f"/files/{file_id}"))
        size = self.files.kept.pop(checksum)
        if answer is None:
            self.files.unknown[checksum] = size
        else:
            assert answer.status_code == 204
            self.files.refused.add(checksum)
        return answer is not None


def ask(send: Callable[[], Response]) -> Response | None:
    """None where the server died before it had answered."""
    try:
        answer = send()
    except TransportError:
        return None
    assert answer.status_code < 500, answer.text
    return answer


@pytest.mark.timeout(900)
def test_what_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    random = Random(1)  # noqa: S311
    writers = [Writer(n, Random(n), f"writer{n}@example.com") for n in range(CLIENTS)]  # noqa: S311
    with serving(tmp_path, AUTH_ACCESS_TOKEN_TTL_S="3600") as served:
        enrol(served, writers)
        assert served.stop() == 0
    for number in range(KILLS):
        with serving(tmp_path) as served, ThreadPoolExecutor(CLIENTS) as threads:
            goal = begun(writers) + random.randrange(MOST_REQUESTS)
            works = begin(served.address(), writers, threads)
            while begun(writers) < goal and not any(work.done() for work in works):
                sleep(0.001)
            sleep(random.uniform(0, LONGEST_S))
            served.process.kill()
            for work in works:
                work.result(timeout=30)
        print(f"{number + 1} of {KILLS} killed, {begun(writers)} requests")
    with serving(tmp_path) as served:
        address = served.address()
        check_people(address, writers)
        for each in writers:
            check_writer(address, each)
        eventually(lambda: stored(tmp_path) == recorded(tmp_path))
        assert not list((tmp_path / "var/files/incoming").iterdir())
        assert served.stop() == 0
    check_database(tmp_path)


def begun(writers: list[Writer]) -> int:
    return sum(each.count for each in writers)


def enrol(served: Served, writers: list[Writer]) -> None:
    address = served.address()
    with client_at(address) as client:
        for each in writers:
            body = {"name": "Name 0", "email": each.email, "password": ADMIN_PASSWORD}
            assert client.post("/auth/register", json=body).status_code == 201
            each.names = ["Name 0"]
            each.token = signed_in(address, each.email)


def begin(address: str, writers: list[Writer], threads: ThreadPoolExecutor) -> list["Future[None]"]:
    start = Barrier(len(writers) + 1)
    works = [threads.submit(each.work, address, start) for each in writers]
    start.wait(timeout=30)
    return works


def check_people(address: str, writers: list[Writer]) -> None:
    with client_at(address, signed_in(address, ADMIN_EMAIL)) as client:
        found = {each["email"]: each["name"] for each in every(client, "/admin/users")}
    del found[ADMIN_EMAIL]
    for each in writers:
        assert found.pop(each.email) in each.names
    told = Told()
    for each in writers:
        told.kept |= each.people.kept
        told.refused |= each.people.refused
        told.unknown |= each.people.unknown
    told.check(found)
    assert told.kept and told.refused and told.unknown
    assert all(any(getattr(w.files, kind) for w in writers) for kind in KINDS)
    last = next(reversed(told.kept))
    assert signed_in(address, last)


def check_writer(address: str, writer: Writer) -> None:
    with client_at(address, writer.token) as client:
        files = list(every(client, "/files"))
        writer.files.check({each["checksum_sha256"]: each["size"] for each in files})
        for each in files:
            content = client.get(f"/files/{each['id']}/download").content
            assert sha256(content).hexdigest() == each["checksum_sha256"]
        used = client.get("/files/usage").json()
        assert (used["used_bytes"], used["files"]) == (sum(e["size"] for e in files), len(files))
        if HAS_POSTS:
            own = client.get("/users/me").json()["id"]
            posts = every(client, "/posts", author_id=own)
            writer.posts.check({each["title"]: each["content"] for each in posts})


def every(client: Client, path: str, **filters: str) -> list[dict[str, Any]]:
    """All things of a list, by cursor."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"cursor": cursor, "per_page": "100", **filters}
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
    return rows


def stored(folder: Path) -> set[str]:
    objects = folder / "var/files/objects"
    return {each.name for each in objects.rglob("*") if each.is_file()}


def recorded(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "var/atrium.db")) as connection:
        return {key for (key,) in connection.execute("SELECT storage_key FROM files")}


def check_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "var/atrium.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        sums = "SELECT owner_id, sum(size), count(*) FROM files GROUP BY owner_id ORDER BY 1"
        usage = "SELECT owner_id, bytes, files FROM files_usage WHERE files > 0 ORDER BY 1"
        assert connection.execute(usage).fetchall() == connection.execute(sums).fetchall()
