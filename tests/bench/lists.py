"""Costs that must not grow with the table: a page by cursor, and a search."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.client import Client
from tests.bench.databases import BACKENDS, database
from tests.bench.like import searches_per_second
from tests.bench.method import Figure, Spread, Subject
from tests.bench.million import add_half, leave_out_search
from tests.bench.scene import Scene
from tests.bench.service import API, RARE, atrium, environment, server
from tests.bench.wrk import Request, run

FEW_CONNECTIONS = 4
FIRST_PAGE = f"{API}/posts?cursor="


def cursors(scene: Scene) -> Iterator[Figure]:
    """Yield the cost of a page after 500,000 of 1,000,000 rows, relative to the first page."""
    for backend in BACKENDS:
        with million_posts(scene, backend) as (first, deep):
            compared = scene.compare(first, deep)
        yield Figure(f"cursor.{backend}", compared.relation("deep", "first"), compared.note)


@contextmanager
def million_posts(scene: Scene, backend: str) -> Iterator[tuple[Subject, Subject]]:
    name = f"million-{backend}"
    folder = scene.new_folder(name)
    with database(backend, folder) as url:
        settings = environment(url, folder)
        atrium(settings, "migrate")
        atrium(settings, "seed")
        leave_out_search(url)
        add_half(url, 0)
        with server(name, settings) as started:
            cursor = Client(started.port).send("GET", FIRST_PAGE)["next_cursor"]
            add_half(url, 1)
            yield (
                Subject("first", started, [Request("GET", FIRST_PAGE)]),
                Subject("deep", started, [Request("GET", FIRST_PAGE + cursor)]),
            )


def search(scene: Scene) -> Iterator[Figure]:
    """Yield the ratio of searches over HTTP to searches without an index, measured in turn."""
    for backend in BACKENDS:
        service = scene.service(backend)
        requests = service.by_admin("GET", f"/users?search={RARE}")
        ratios = []
        for _ in range(scene.pace.rounds):
            ours = run(service.server.port, requests, scene.pace.seconds, FEW_CONNECTIONS)
            if ours.failed:
                raise RuntimeError(f"search.{backend}: {ours.failed} requests failed.")
            without = searches_per_second(service.url, RARE, scene.pace.seconds)
            ratios.append(ours.per_second / without)
        yield Figure(f"search.{backend}", Spread.of(ratios))
