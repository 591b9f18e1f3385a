"""The cost of the process itself: the time until it serves, and its memory when idle."""

from collections.abc import Iterator
from statistics import median
from time import sleep

from tests.bench.databases import database
from tests.bench.method import Figure, Spread
from tests.bench.scene import Scene
from tests.bench.service import atrium, environment, server

REST_S = 1.0


def start(scene: Scene) -> Iterator[Figure]:
    folder = scene.new_folder("start")
    with database("sqlite", folder) as url:
        settings = environment(url, folder)
        atrium(settings, "migrate")
        seconds, memory, cpu = [], [], []
        for _ in range(scene.pace.rounds + 1):
            with server("start", settings) as started:
                cpu.append(started.cpu_ns() / 1e9)
                seconds.append(started.start_s)
                sleep(REST_S)
                memory.append(started.rss_mb())
    # The first start creates the first admin and all else that is created once.
    yield Figure("start.ready", Spread.of(seconds[1:]), f"{median(cpu[1:]):.2f} s of CPU")
    yield Figure("start.memory", Spread.of(memory[1:]))
