"""Two workers of one server, and connections to each of them.

A connection stays with the worker that accepted it, and the system can name this worker.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.api.serving import ADMIN_EMAIL, ADMIN_PASSWORD, Served, eventually, serving

MANY = "100000/minute"
REGISTRATIONS, REQUESTS = 20, 200

numbers = count()


class Connection:
    """A connection to one worker; it is never reopened, as another worker might accept it."""

    def __init__(self, address: str) -> None:
        self._http = HTTPConnection(address.removeprefix("http://"), timeout=30)
        self._http.connect()
        self._http.auto_open = 0

    def ask(self, method: str, path: str, token: str = "", **fields: Any) -> tuple[int, Any]:
        """Return the status and the body."""
        return self.send(method, f"/api/v1{path}", {"authorization": f"Bearer {token}"}, fields)

    def by_key(self, key: str) -> int:
        return self.send("GET", "/api/v1/users/me", {"x-api-key": key}, {})[0]

    def send(
        self, method: str, path: str, headers: dict[str, str], fields: dict[str, Any]
    ) -> tuple[int, Any]:
        given = {name: value for name, value in headers.items() if value.strip() != "Bearer"}
        body = json.dumps(fields) if fields else None
        if body:
            given["content-type"] = "application/json"
        self._http.request(method, path, body, given)
        answer = self._http.getresponse()
        text = answer.read()
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(text) if is_json and text else text.decode()

    def scrape(self, figure: str) -> list[float]:
        """Return the values of the metric lines that begin with this name."""
        lines = self.send("GET", "/metrics", {}, {})[1].splitlines()
        return [float(each.rpartition(" ")[2]) for each in lines if each.startswith(figure)]

    def worker(self, server: Served) -> psutil.Process:
        """Return the process that accepted the connection."""
        port = self._http.sock.getsockname()[1]
        [found] = [
            each
            for each in psutil.Process(server.process.pid).children()
            if any(it.raddr and it.raddr.port == port for it in each.net_connections("tcp"))
        ]
        return found

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    """Yield a server with an empty folder; limits are on, and high unless a test is about them."""
    with serving(
        folder,
        WORKERS="2",
        KEEP_ALIVE_S="90",
        RATE_LIMIT_ENABLED="true",
        RATE_LIMIT_ANONYMOUS=MANY,
        RATE_LIMIT_SIGNED_IN=f"{REQUESTS}/day",
        RATE_LIMIT_LOGIN=f"{MANY},{MANY}",
        RATE_LIMIT_REGISTER=f"{REGISTRATIONS}/day",
    ) as served:
        served.address()
        yield served


@pytest.fixture
def reach(server: Served) -> Iterator[Callable[[], list[Connection]]]:
    """Yield a function that opens a connection to each worker; the server closes idle ones."""
    with ExitStack() as stack:
        yield partial(to_each, server, stack)


def to_each(server: Served, stack: ExitStack) -> list[Connection]:
    found: dict[psutil.Process, Connection] = {}

    def all_found() -> bool:
        connection = Connection(server.address())
        stack.callback(connection.close)
        assert connection.send("GET", "/health", {}, {})[0] == 200
        found.setdefault(connection.worker(server), connection)
        return len(found) == 2

    eventually(all_found)
    return [*found.values()]


@pytest.fixture
def workers(reach: Callable[[], list[Connection]]) -> list[Connection]:
    return reach()


@pytest.fixture(params=[0, 1], ids=["there", "here"])
def pair(workers: list[Connection], request: pytest.FixtureRequest) -> tuple[Connection, ...]:
    """Return the worker that receives the change, and the one that must see it."""
    return workers[request.param], workers[1 - request.param]


class Someone:
    """A member whom both workers have in their caches."""

    def __init__(self, worker: Connection, admin: str) -> None:
        self.email = f"someone{next(numbers)}@example.com"
        body = {"name": "Someone", "email": self.email, "password": ADMIN_PASSWORD}
        status, made = worker.ask("POST", "/admin/users", admin, **body)
        assert status == 201, made
        self.id: str = made["id"]
        self.token = sign_in(worker, self.email)


def sign_in(worker: Connection, email: str, password: str = ADMIN_PASSWORD) -> str:
    status, tokens = worker.ask("POST", "/auth/login", email=email, password=password)
    assert status == 200, tokens
    token: str = tokens["access_token"]
    return token


def statuses(workers: tuple[Connection, ...] | list[Connection], token: str) -> list[int]:
    return [each.ask("GET", "/users/me", token)[0] for each in workers]


@pytest.fixture
def admin(workers: list[Connection]) -> str:
    return sign_in(workers[0], ADMIN_EMAIL)


@pytest.fixture
def someone(workers: list[Connection], admin: str) -> Someone:
    made = Someone(workers[0], admin)
    assert statuses(workers, made.token) == [200, 200]
    return made
