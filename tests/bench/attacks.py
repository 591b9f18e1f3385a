"""Waiting times and memory of other users during requests that cause the most work."""

import json
import socket
from collections.abc import Callable, Iterator

from tests.bench.method import Figure, Spread, settle
from tests.bench.posts import COMMON
from tests.bench.scene import Scene
from tests.bench.service import API, Service
from tests.bench.wrk import Load, Request, run

SECONDS = 3
PIPELINED = 200_000
MEMBERS, MARKS = 27_000, 40_000
"""The number of members and marks that a body of 256 KiB holds."""
HEALTH = Request("GET", "/health")
JSON = {"Content-Type": "application/json"}


def attacks(scene: Scene) -> Iterator[Figure]:
    """The p99 of `/users/me` and `/health` beside each attack, on SQLite with 200,000 posts."""
    service = scene.crowded("sqlite")
    for name, act in (("export", export), ("pipelined", pipeline)):
        yield Figure(f"attacks.{name}_memory", Spread.of([growth(service, act)]))
    beside(service, None)  # the first requests of a service are slow
    quiet = beside(service, None)
    for name, requests, connections in loads(service):
        waits = [
            beside(service, Load(service.server.port, requests, SECONDS + 1, connections))
            for _ in range(scene.pace.rounds)
        ]
        yield Figure(f"attacks.{name}", Spread.of(waits), f"quiet {quiet:.1f} ms")


def loads(service: Service) -> Iterator[tuple[str, list[Request], int]]:
    """Yield each attack: its name, its requests, and the number of its connections."""
    yield "lists", pages("sort=title", range(1, 9000, 100)), 8
    yield "searches", pages(f"search={COMMON}", range(1, 90)), 8
    yield "members", [registration({f"{at:x}": 0 for at in range(MEMBERS)})], 4
    yield "marks", [registration({"name": "a" + "\u0301" * MARKS})], 4
    yield "exports", service.by_each("GET", "/users/me/export")[:1], 1


def pages(query: str, numbers: range) -> list[Request]:
    return [Request("GET", f"{API}/posts?{query}&page={number}") for number in numbers]


def registration(body: dict[str, object]) -> Request:
    return Request("POST", f"{API}/auth/register", JSON, json.dumps(body, separators=(",", ":")))


def beside(service: Service, attack: Load | None) -> float:
    """Return the p99 in ms of one client that asks while the attack goes on."""
    reads = [*service.by_each("GET", "/users/me")[1:9], HEALTH]
    answers = run(service.server.port, reads, SECONDS, 1)
    if attack:
        attack.answers()
    settle(service.server)
    if answers.failed:
        raise RuntimeError(f"{answers.failed} reads failed beside an attack.")
    return answers.p99_ms


def growth(service: Service, act: Callable[[Service], None]) -> float:
    """Return by how many MB the process is larger at the most while this goes on."""
    before = service.server.rss_mb()
    service.server.forget_peak()
    act(service)
    return service.server.peak_mb() - before


def export(service: Service) -> None:
    """Read the export of the user with 60,000 rows of audit."""
    service.client(service.people[0]).download(f"{API}/users/me/export")


def pipeline(service: Service) -> None:
    """Send 200,000 requests over one connection, and read no response."""
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.server.port), timeout=SECONDS) as client:
        for _ in range(PIPELINED // 1000):
            try:
                client.sendall(request * 1000)
            except TimeoutError:
                return  # it reads no more, as it should
