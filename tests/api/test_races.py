"""The most important races over real connections to two processes.

All bytes of each request except the last one are sent before the first of the last bytes, so that
both processes have every request waiting. Each process has half of the connections.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from itertools import count
from time import sleep
from typing import Any

import psutil
import pytest

from core.testing import CLIENTS
from core.testing.races import order
from tests.api.serving import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    Served,
    client_at,
    eventually,
    serving,
    sign_in,
)
from tests.modules.files.uploads import FORM, form, part

pytestmark = [pytest.mark.race, pytest.mark.process, pytest.mark.timeout(240)]

ROUNDS, ROUNDS_OF_HASHES = 5, 2
"""Rounds are fewer than elsewhere, because a new account costs a hash at the production cost."""
FILE, FIT = 60_000, 4
numbers = count()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


class Runner:
    """A connection that sends the last byte of a request on demand."""

    def __init__(self, address: str) -> None:
        self._http = HTTPConnection(address.removeprefix("http://"), timeout=60)
        self._http.connect()
        self._http.auto_open = 0
        self.place: tuple[str, int] = self._http.sock.getsockname()
        self._last = b""

    def warm_up(self) -> None:
        self._http.request("GET", "/health/live")
        assert self._http.getresponse().read()

    def ready(self, request: Request) -> None:
        self._http.putrequest(request.method, f"/api/v1{request.path}")
        given = {"content-type": "application/json", "content-length": str(len(request.body))}
        if request.token:
            given["authorization"] = f"Bearer {request.token}"
        for name, value in (given | request.headers).items():
            self._http.putheader(name, value)
        self._http.endheaders(request.body[:-1])
        self._last = request.body[-1:]

    def go(self) -> None:
        self._http.send(self._last)

    def answer(self) -> Answer:
        answer = self._http.getresponse()
        return Answer(answer.status, json.loads(answer.read() or "null"))

    def close(self) -> None:
        self._http.close()


class Race:
    def __init__(self, runners: list[Runner]) -> None:
        self._runners = runners

    def at_once(self, requests: Iterable[Request]) -> list[Answer]:
        for runner, request in zip(self._runners, requests, strict=True):
            runner.ready(request)
        sleep(0.05)  # until both processes have read all bytes
        for runner in order.sample(self._runners, len(self._runners)):
            runner.go()
        return [runner.answer() for runner in self._runners]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("races")
    quota = str(FILE * FIT + 1)
    settings = {"WORKERS": "2", "FILES_QUOTA_BYTES": quota, "FILES_MAX_BYTES": quota}
    # A proxy has no limit of connections; a test opens hundreds of them here.
    with serving(folder, **settings, TRUSTED_PROXIES="127.0.0.1") as served:
        yield served


@pytest.fixture(scope="module")
def address(server: Served) -> str:
    return server.address()


@pytest.fixture
def races(server: Served, address: str) -> Iterator[Callable[[], Race]]:
    """Yield a function that makes a race with new connections; the server closes refused ones."""
    with ExitStack() as stack:

        def race() -> Race:
            found: dict[int, list[Runner]] = defaultdict(list)
            eventually(partial(gather, server, address, stack, found))
            one, other = (runners[: CLIENTS // 2] for runners in found.values())
            return Race([each for pair in zip(one, other, strict=True) for each in pair])

        yield race


@pytest.fixture
def race(races: Callable[[], Race]) -> Race:
    return races()


def gather(server: Served, address: str, stack: ExitStack, found: dict[int, list[Runner]]) -> bool:
    """Open connections until each worker has the same number; the system chooses the worker."""
    runners = [stack.enter_context(closing(Runner(address))) for _ in range(CLIENTS)]
    for each in runners:
        each.warm_up()
    workers = worker_by_client(server)
    for each in runners:
        found[workers[each.place]].append(each)
    return len(found) == 2 and all(len(each) >= CLIENTS // 2 for each in found.values())


def worker_by_client(server: Served) -> dict[tuple[str, int], int]:
    return {
        (connection.raddr.ip, connection.raddr.port): worker.pid
        for worker in psutil.Process(server.process.pid).children(recursive=True)
        for connection in worker.net_connections("tcp")
        if connection.raddr
    }


@dataclass(frozen=True)
class Someone:
    id: str
    email: str
    token: str


@pytest.fixture(scope="module")
def admin(address: str) -> Someone:
    token = sign_in(address, ADMIN_EMAIL)
    with client_at(address, token) as client:
        return Someone(client.get("/users/me").json()["id"], ADMIN_EMAIL, token)


def made(address: str, admin: Someone, *roles: str) -> Someone:
    email = f"someone{next(numbers)}@example.com"
    body = {"name": "Someone", "email": email, "password": ADMIN_PASSWORD, "roles": roles}
    with client_at(address, admin.token) as client:
        answer = client.post("/admin/users", json=body)
        assert answer.status_code == 201, answer.text
    return Someone(answer.json()["id"], email, sign_in(address, email))


@pytest.fixture
def user(address: str, admin: Someone) -> Someone:
    return made(address, admin, "member")


def as_json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def put_roles(by: Someone, of: Someone, *roles: str) -> Request:
    return Request("PUT", f"/admin/users/{of.id}/roles", as_json(roles=roles), by.token)


def test_one_admin_remains_of_two_who_demote_each_other(
    race: Race, address: str, admin: Someone
) -> None:
    both = (admin, made(address, admin, "admin", "member"))
    pairs = (both, both[::-1])
    demotions = [put_roles(*pair, "member") for pair in pairs for _ in range(CLIENTS // 2)]
    for _ in range(ROUNDS):
        mixed = order.sample(demotions, CLIENTS)
        answers = race.at_once(mixed)
        statuses: dict[str, set[int]] = {each.token: set() for each in both}
        for request, answer in zip(mixed, answers, strict=True):
            statuses[request.token].add(answer.status)
        [(winner, loser)] = [pair for pair in pairs if 200 in statuses[pair[0].token]]
        assert statuses[winner.token] == {200}
        assert statuses[loser.token] <= {403, 409}
        with client_at(address, winner.token) as client:
            path = f"/admin/users/{loser.id}/roles"
            assert client.put(path, json={"roles": ["admin", "member"]}).status_code == 200
    with client_at(address, admin.token) as client:
        assert client.put(f"/admin/users/{both[1].id}/roles", json={"roles": []}).is_success


def test_a_refresh_token_has_one_successor(race: Race, address: str, user: Someone) -> None:
    login = {"email": user.email, "password": ADMIN_PASSWORD}
    with client_at(address) as client:
        token = client.post("/auth/login", json=login).json()["refresh_token"]
    for _ in range(ROUNDS):
        body = as_json(refresh_token=token)
        answers = race.at_once([Request("POST", "/auth/refresh", body)] * CLIENTS)
        assert {each.status for each in answers} == {200}
        successors = {each.body["refresh_token"] for each in answers}
        assert len(successors) == 1
        token = successors.pop()


def test_the_quota_is_exact(races: Callable[[], Race], address: str, user: Someone) -> None:
    upload = Request(
        "POST", "/files/upload", form(part(b"x" * FILE)), user.token, {"content-type": FORM}
    )
    with client_at(address, user.token) as client:
        for _ in range(ROUNDS):
            answers = races().at_once([upload] * CLIENTS)
            statuses = sorted(each.status for each in answers)
            assert statuses == [201] * FIT + [413] * (CLIENTS - FIT)
            used = client.get("/files/usage").json()
            assert (used["used_bytes"], used["files"]) == (FILE * FIT, FIT)
            for each in answers:
                if each.status == 201:
                    path = f"/files/{each.body['id']}"
                    assert len(client.get(f"{path}/download").content) == FILE
                    assert client.delete(path).status_code == 204


def test_one_address_opens_one_account(race: Race, address: str, admin: Someone) -> None:
    for number in range(ROUNDS_OF_HASHES):
        spellings = (f"racer{number}@example.com", f"RACER{number}@Example.Com")
        bodies = [
            as_json(name="Some Racer", email=each, password=ADMIN_PASSWORD) for each in spellings
        ]
        requests = [Request("POST", "/auth/register", each) for each in bodies * (CLIENTS // 2)]
        answers = race.at_once(requests)
        assert sorted(each.status for each in answers) == [201] + [409] * (CLIENTS - 1)
        refused = {each.body["code"] for each in answers if each.status == 409}
        assert refused == {"users.email_taken"}
    with client_at(address, admin.token) as client:
        total = client.get("/users", params={"search": "racer"}).json()["total"]
    assert total == ROUNDS_OF_HASHES


def test_one_of_the_writers_with_one_etag_wins(race: Race, address: str, user: Someone) -> None:
    with client_at(address, user.token) as client:
        for _ in range(ROUNDS):
            seen = {"if-match": client.get("/users/me").headers["etag"]}
            answers = race.at_once(
                Request("PATCH", "/users/me", as_json(age=age), user.token, seen)
                for age in range(CLIENTS)
            )
            assert sorted(each.status for each in answers) == [200] + [412] * (CLIENTS - 1)
            [winner] = [each.body for each in answers if each.status == 200]
            assert client.get("/users/me").json() == winner


def test_one_key_acts_once(race: Race, address: str, user: Someone) -> None:
    with client_at(address, user.token) as client:
        for number in range(1, ROUNDS + 1):
            headers = {"content-type": FORM, "idempotency-key": f"once-{number}"}
            body = form(part(b"once"))
            answers = race.at_once(
                [Request("POST", "/files/upload", body, user.token, headers)] * CLIENTS
            )
            assert {201} <= {each.status for each in answers} <= {201, 409}
            assert len({each.body["id"] for each in answers if each.status == 201}) == 1
            used = client.get("/files/usage").json()
            assert (used["used_bytes"], used["files"]) == (4 * number, number)
