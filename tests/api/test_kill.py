"""kill -9 at random times: no acknowledged write is lost, and no act is stored in part."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Barrier
from time import sleep

import pytest
from httpx import Client, Response, TransportError

from core.engine.sql.sqlite.driver import open_connection
from core.events.leases import LEASE
from tests.api.acknowledged import HAS_POSTS, History, findings, recorded, stored, together
from tests.api.serving import ADMIN_PASSWORD, Served, client_at, eventually, serving
from tests.api.serving import sign_in as signed_in
from tests.modules.files.uploads import PNG

pytestmark = pytest.mark.process

KILLS, CLIENTS = 30, 4
MOST_REQUESTS, LONGEST_S = 60, 0.05
"""The number of requests before the kill, and the longest wait before it in seconds."""
LEFT_S = 3 * LEASE.total_seconds()
"""The time in seconds after which a lease has expired, so that another process repeats the work."""
LARGEST_FILE = 300_000
KINDS = ("kept", "refused", "unknown")


@dataclass(kw_only=True)
class Writer(History):
    """A user who sends writes continuously, and records their outcomes."""

    number: int
    random: Random
    ids: dict[str, str] = field(default_factory=dict)
    """The ids of the files that may still be deleted, by checksum."""
    count: int = 0

    def work(self, address: str, start: Barrier) -> None:
        """Send writes until the server has ended."""
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
    """Return the response; None if the server died before it."""
    try:
        answer = send()
    except TransportError:
        return None
    assert answer.status_code < 500, answer.text
    return answer


def some_writers(count: int) -> list[Writer]:
    return [
        Writer(number=n, random=Random(n), email=f"writer{n}@example.com")  # noqa: S311
        for n in range(count)
    ]


@pytest.mark.timeout(900)
def test_what_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    random, writers = Random(1), some_writers(CLIENTS)  # noqa: S311
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
    assert_there_was_something_of_each(writers)
    with serving(tmp_path) as served:
        eventually(lambda: stored(tmp_path) == recorded(tmp_path), LEFT_S)
        assert findings(served.address(), tmp_path, [*writers]) == []
        people = together(each.people for each in writers)
        assert signed_in(served.address(), next(reversed(people.kept)))
        assert served.stop() == 0


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


def assert_there_was_something_of_each(writers: list[Writer]) -> None:
    for told in (together(getattr(w, what) for w in writers) for what in ("people", "files")):
        assert all(getattr(told, kind) for kind in KINDS)


def test_the_check_tells_whatever_is_wrong(tmp_path: Path) -> None:
    """Each kind of damage is done beside the server, and each is reported."""
    [writer] = some_writers(1)
    with serving(tmp_path) as served:
        enrol(served, [writer])
        address, known = served.address(), list[str]()
        with client_at(address, writer.token) as client:
            for act in (writer.upload, writer.register) * 12:
                writer.count += 1
                act(client)
        assert_settled(writer)
        assert findings(address, tmp_path, [writer]) == []
        for spoil, said in SPOILINGS.items():
            spoil(tmp_path, writer)
            told = findings(address, tmp_path, [writer])
            assert any(each.startswith(said) for each in told if each not in known), (said, told)
            known = told


def assert_settled(writer: Writer) -> None:
    for told in (writer.people, writer.files):
        assert len(told.kept) > 4 and told.refused


def lose_a_person(folder: Path, writer: Writer) -> None:
    execute(folder, "DELETE FROM users WHERE email = ?", next(iter(writer.people.kept)))


def alter_a_person(folder: Path, writer: Writer) -> None:
    changed = "UPDATE users SET name = 'Half' WHERE email = ?"
    execute(folder, changed, next(reversed(writer.people.kept)))


def admit_the_refused(folder: Path, writer: Writer) -> None:
    moved = "UPDATE users SET email = ?, email_key = 'x' WHERE email = ?"
    last = list(writer.people.kept)[-2]
    execute(folder, moved, next(iter(writer.people.refused)), last)


def bring_in_somebody(folder: Path, writer: Writer) -> None:
    moved = "UPDATE users SET email = 'nobody@example.com' WHERE email = ?"
    execute(folder, moved, list(writer.people.kept)[-3])


def leave_one_half_done(folder: Path, writer: Writer) -> None:
    email = list(writer.people.kept)[-4]
    writer.people.unknown[email] = writer.people.kept.pop(email)
    execute(folder, "UPDATE users SET name = 'Half' WHERE email = ?", email)


def forget_a_name(folder: Path, writer: Writer) -> None:
    execute(folder, "UPDATE users SET name = 'An older name' WHERE email = ?", writer.email)


def lose_a_file(folder: Path, writer: Writer) -> None:
    execute(folder, "DELETE FROM files WHERE id = (SELECT min(id) FROM files)")


def change_one_byte(folder: Path, writer: Writer) -> None:
    path = max(object_paths(folder), key=lambda each: each.stat().st_size)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def lose_the_bytes(folder: Path, writer: Writer) -> None:
    key = min(recorded(folder))
    next(each for each in object_paths(folder) if each.name == key).unlink()


def leave_something_behind(folder: Path, writer: Writer) -> None:
    (folder / "var/files/incoming/unfinished").write_bytes(b"x")


def point_nowhere(folder: Path, writer: Writer) -> None:
    execute(
        folder, "UPDATE files SET owner_id = randomblob(16) WHERE id = (SELECT max(id) FROM files)"
    )


def object_paths(folder: Path) -> list[Path]:
    return [each for each in (folder / "var/files/objects").rglob("*") if each.is_file()]


def execute(folder: Path, statement: str, *values: str) -> None:
    """Execute a statement with the SQL functions that the search triggers call."""
    with closing(
        open_connection(str(folder / "var/atrium.db"), "foreign_keys = OFF")
    ) as connection:
        assert connection.execute(statement, values).rowcount == 1


SPOILINGS = {
    lose_a_person: "lost: w0-",
    alter_a_person: "changed: w0-",
    admit_the_refused: "refused, but there: w0-",
    bring_in_somebody: "from nowhere: nobody@",
    leave_one_half_done: "not whole: w0-",
    forget_a_name: "named An older name: writer0@",
    change_one_byte: "other bytes: ",
    lose_a_file: "stored, but not recorded: ",
    leave_something_behind: "left over: unfinished",
    point_nowhere: "refers to nothing: ",
    lose_the_bytes: "recorded, but not stored: ",
}
