"""The cost of uploads and downloads, in CPU time and in memory."""

from collections.abc import Iterator

from tests.bench.client import Client
from tests.bench.method import Figure, Spread
from tests.bench.processes import LOAD_CORE, Server, pinned
from tests.bench.scene import Scene
from tests.bench.service import API

SIZE = 200_000_000
SMALL = 1_000_000


def transfers(scene: Scene) -> Iterator[Figure]:
    service = scene.service("sqlite")
    client, server = service.client(service.people[0]), service.server
    with pinned(LOAD_CORE):
        up_and_down(client, SMALL)  # modules loaded at the first use do not count as growth
        grown = growth_mb(server, client)
        costs = [costs_of_one(server, client) for _ in range(scene.pace.rounds)]
    yield Figure("files.download", Spread.of([down for _, down in costs]))
    yield Figure("files.upload", Spread.of([up for up, _ in costs]))
    yield Figure("files.memory", Spread(grown, grown, grown))


def up_and_down(client: Client, size: int) -> None:
    path = f"{API}/files/{client.upload(f'{API}/files/upload', size)['id']}"
    client.download(f"{path}/download")
    client.send("DELETE", path)


def growth_mb(server: Server, client: Client) -> float:
    before = server.rss_mb()
    server.forget_peak()
    up_and_down(client, SIZE)
    return max(0.0, server.peak_mb() - before)


def costs_of_one(server: Server, client: Client) -> tuple[float, float]:
    """Return the CPU seconds for each GB of an upload and of a download."""
    begun = server.cpu_ns()
    path = f"{API}/files/{client.upload(f'{API}/files/upload', SIZE)['id']}"
    between = server.cpu_ns()
    size = client.download(f"{path}/download")
    ended = server.cpu_ns()
    client.send("DELETE", path)
    if size != SIZE:
        raise RuntimeError(f"{size} of {SIZE} bytes came back.")
    return (between - begun) / SIZE, (ended - between) / SIZE
