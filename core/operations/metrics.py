"""How many requests each route answered, how, and how fast; read by Prometheus.

The counting happens on the event loop alone, so it needs none of the library's locks.
"""

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core.web.context import HttpContext

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LABELS = ("method", "route", "module", "status")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Tally:
    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(SECONDS) + 1)
        self.seconds = 0.0


class RequestMetrics(Collector):
    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str, int], Tally] = {}
        self._registry = CollectorRegistry()
        for each in (self, ProcessCollector(registry=None), PlatformCollector(registry=None)):
            self._registry.register(each)

    def observe(self, context: HttpContext) -> None:
        key = (context.method, context.template, context.module, context.status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._first(key)
        seconds = context.elapsed_s
        tally.buckets[bisect_left(SECONDS, seconds)] += 1
        tally.seconds += seconds

    def render(self) -> bytes:
        """In Prometheus' text format, with those of the process itself."""
        return generate_latest(self._registry)

    def _first(self, key: tuple[str, str, str, int]) -> Tally:
        method, template, module, status = key
        if method not in METHODS:  # a client may invent names; the set of series stays small
            key = ("other", template, module, status)
        return self._tallies.setdefault(key, Tally())

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("http_requests", "Requests answered.", labels=LABELS)
        latency = HistogramMetricFamily("http_request_seconds", "Time to answer.", labels=LABELS)
        for (method, route, module, status), tally in list(self._tallies.items()):
            labels = [method, route, module, str(status)]
            requests.add_metric(labels, sum(tally.buckets))
            latency.add_metric(labels, cumulative(tally.buckets), tally.seconds)
        return requests, latency


def cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for bound, count in zip([*map(str, SECONDS), "+Inf"], counts, strict=True):
        total += count
        found.append((bound, float(total)))
    return found
