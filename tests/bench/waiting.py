"""The latency of a read during other work, in wall-clock time, so other processes affect it."""

from collections.abc import Iterator, Sequence

from tests.bench.method import Figure, Spread, settle
from tests.bench.scene import Scene
from tests.bench.service import Service
from tests.bench.wrk import Load, Request, run

READERS = 8
LOGGING_IN = 50
BESIDE_LOGINS = 4
SLICE_S = 3


def logins(scene: Scene) -> Iterator[Figure]:
    service = scene.service("sqlite")
    seconds = max(SLICE_S, scene.pace.seconds)
    rates, p99s = [], []
    for _ in range(scene.pace.rounds):
        rates.append(logins_per_cpu_second(service, seconds))
        reads = service.by_each("GET", "/users/me")
        others = Load(service.server.port, service.logins(), seconds + 1, LOGGING_IN)
        p99s.append(p99_beside(others, service, reads, seconds, BESIDE_LOGINS))
    yield Figure("login.rate", Spread.of(rates))
    yield Figure("login.p99", Spread.of(p99s))


def logins_per_cpu_second(service: Service, seconds: int) -> float:
    before = service.server.cpu_ns()
    answers = run(service.server.port, service.logins(), seconds, LOGGING_IN)
    spent = (
        service.server.cpu_ns() - before
    ) / 1e9  # at once: waiting requests have no response yet
    settle(service.server)
    if answers.failed:
        raise RuntimeError(f"{answers.failed} of {answers.requests} logins failed.")
    return answers.requests / spent


def beside_others(scene: Scene) -> Iterator[Figure]:
    """Measure reads of a post, on SQLite."""
    service = scene.service("sqlite")
    post = service.client(service.people[0]).send(
        "POST", "/api/v1/posts", {"title": "Read beside others", "content": "A few words."}
    )
    reads = service.by_each("GET", f"/posts/{post['id']}")
    writes = service.by_each("PATCH", "/users/me", {"age": 40})
    scans = service.by_admin("GET", "/users?search=zy&sort=name")
    seconds = max(SLICE_S, scene.pace.seconds)
    for key, others, connections in (("writers", writes, 8), ("scan", scans, 1)):
        p99s = []
        for _ in range(scene.pace.rounds):
            load = Load(service.server.port, others, seconds + 1, connections)
            p99s.append(p99_beside(load, service, reads, seconds, READERS))
        yield Figure(f"beside.{key}", Spread.of(p99s))


def p99_beside(
    others: Load, service: Service, reads: Sequence[Request], seconds: int, connections: int
) -> float:
    """Return the p99 of the reads; the other requests may be refused under load."""
    answers = run(service.server.port, reads, seconds, connections)
    others.answers()
    settle(service.server)
    if answers.failed:
        raise RuntimeError(f"{answers.failed} reads failed.")
    return answers.p99_ms
