"""Searches in 200,000 posts, each after a write, so that no total is cached."""

from collections.abc import Iterator, Sequence
from statistics import median
from time import perf_counter
from urllib.parse import quote

from tests.bench.databases import BACKENDS
from tests.bench.like import POSTS, searches_per_second
from tests.bench.method import Figure, Spread
from tests.bench.posts import COMMON, SYLLABLES_OF_FEW
from tests.bench.scene import Scene
from tests.bench.service import API, Service

TIMES = 9
DRAFT = {"title": "One more", "content": "So that what was counted before is forgotten."}


def words(scene: Scene) -> Iterator[Figure]:
    """Measure a common word and two syllables of Hangul, beside LIKE and a list without search."""
    for backend in BACKENDS:
        service, rounds = scene.crowded(backend), range(scene.pace.rounds)
        for name, term in (("total", COMMON), ("syllables", SYLLABLES_OF_FEW)):
            ratios = [beside_like(service, term, scene.pace.seconds) for _ in rounds]
            yield Figure(f"words.{name}.{backend}", Spread.of(ratios))
        ratios = [beside_plain_list(service) for _ in rounds]
        yield Figure(f"words.cursor.{backend}", Spread.of(ratios))


def beside_like(service: Service, term: str, seconds: float) -> float:
    """Return how many searches with their totals take the time of one without an index."""
    without = searches_per_second(service.url, term, seconds, POSTS)
    [ours] = waits(service, [f"/posts?search={quote(term)}"])
    return 1 / (without * ours)


def beside_plain_list(service: Service) -> float:
    """Return how many first pages of the whole list take the time of one with a common word."""
    plain, found = waits(service, ["/posts?cursor=", f"/posts?cursor=&search={COMMON}"])
    return found / plain


def waits(service: Service, paths: Sequence[str]) -> list[float]:
    """Return the median time of each in seconds, measured in turn."""
    client = service.client(service.people[1])
    took: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(TIMES):
        for path in paths:
            client.send("POST", f"{API}/posts", DRAFT)
            begun = perf_counter()
            client.send("GET", API + path)
            took[path].append(perf_counter() - begun)
    return [median(took[path]) for path in paths]
