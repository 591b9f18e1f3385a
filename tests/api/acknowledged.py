"""Compares the responses that clients received with the stored data.

Each acknowledged write is stored, each refused write is not, and a write without a response is
stored completely or not at all.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from httpx import Client, Response

from core.wiring.registry import discover
from tests.api.serving import ADMIN_EMAIL, client_at
from tests.api.serving import sign_in as signed_in

HAS_POSTS = "posts" in discover()
SUMS = "SELECT owner_id, sum(size), count(*) FROM files GROUP BY owner_id ORDER BY 1"
USAGE = "SELECT owner_id, bytes, files FROM files_usage WHERE files > 0 ORDER BY 1"
FOREIGN_KEYS = "PRAGMA foreign_key_check"


@dataclass
class Told:
    """The resources of one kind, by the responses that their client received."""

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

    def findings(self, found: dict[str, Any]) -> Iterator[str]:
        for name, value in self.kept.items():
            if name not in found:
                yield f"lost: {name}"
            elif found[name] != value:
                yield f"changed: {name}"
        for name in found.keys() - self.kept.keys():
            if name in self.refused:
                yield f"refused, but there: {name}"
            elif name not in self.unknown:
                yield f"from nowhere: {name}"
            elif found[name] != self.unknown[name]:
                yield f"not whole: {name}"


@dataclass(kw_only=True)
class History:
    """The acknowledged and refused writes of one user."""

    email: str
    token: str = ""
    people: Told = field(default_factory=Told)
    """The name of each user, by e-mail address."""
    posts: Told = field(default_factory=Told)
    """The content of each post, by title."""
    files: Told = field(default_factory=Told)
    """The size of each file, by checksum."""
    names: list[str] = field(default_factory=list)
    """The last acknowledged name, and the names that were sent after it."""


def findings(address: str, folder: Path, histories: list[History]) -> list[str]:
    """Return a line for each difference from the responses; none if all data is correct."""
    return [
        *findings_of_people(address, histories),
        *(line for each in histories for line in findings_of(address, each)),
        *findings_in_storage(folder),
        *findings_in_database(folder / "var/atrium.db"),
    ]


def findings_of_people(address: str, histories: list[History]) -> Iterator[str]:
    with client_at(address, signed_in(address, ADMIN_EMAIL)) as client:
        found = {each["email"]: each["name"] for each in every(client, "/admin/users")}
    del found[ADMIN_EMAIL]
    for each in histories:
        if (name := found.pop(each.email, None)) not in each.names:
            yield f"named {name}: {each.email}"
    yield from together(each.people for each in histories).findings(found)


def together(all_: Iterable[Told]) -> Told:
    told = Told()
    for each in all_:
        told.kept |= each.kept
        told.refused |= each.refused
        told.unknown |= each.unknown
    return told


def findings_of(address: str, history: History) -> Iterator[str]:
    with client_at(address, history.token) as client:
        files = list(every(client, "/files"))
        yield from history.files.findings({e["checksum_sha256"]: e["size"] for e in files})
        for each in files:
            content = client.get(f"/files/{each['id']}/download").content
            if sha256(content).hexdigest() != each["checksum_sha256"]:
                yield f"other bytes: {each['checksum_sha256']}"
        used = client.get("/files/usage").json()
        if (used["used_bytes"], used["files"]) != (sum(e["size"] for e in files), len(files)):
            yield f"usage: {used}"
        if HAS_POSTS:
            own = client.get("/users/me").json()["id"]
            posts = every(client, "/posts", author_id=own)
            yield from history.posts.findings({each["title"]: each["content"] for each in posts})


def every(client: Client, path: str, **filters: str) -> Iterator[dict[str, Any]]:
    """Yield all resources of a list, by cursor."""
    cursor: str | None = ""
    while cursor is not None:
        asked = {"cursor": cursor, "per_page": "100", **filters}
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        yield from answer.json()["data"]
        cursor = answer.json()["next_cursor"]


def findings_in_storage(folder: Path) -> Iterator[str]:
    there, known = stored(folder), recorded(folder)
    yield from (f"stored, but not recorded: {each}" for each in there - known)
    yield from (f"recorded, but not stored: {each}" for each in known - there)
    for each in (folder / "var/files/incoming").iterdir():
        yield f"left over: {each.name}"


def stored(folder: Path) -> set[str]:
    objects = folder / "var/files/objects"
    return {each.name for each in objects.rglob("*") if each.is_file()}


def recorded(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "var/atrium.db")) as connection:
        return {key for (key,) in connection.execute("SELECT storage_key FROM files")}


def findings_in_database(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        for (line,) in connection.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"integrity: {line}"
        yield from (f"refers to nothing: {row}" for row in connection.execute(FOREIGN_KEYS))
        sums, usage = ({*connection.execute(each)} for each in (SUMS, USAGE))
        yield from (f"quota: {row}" for row in sums ^ usage)
