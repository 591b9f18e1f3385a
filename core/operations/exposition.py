"""The metrics in Prometheus' text format: requests, fallbacks and the worker processes.

Only a scrape imports this file, because the library takes 15 ms and 1 MB.
"""

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core.operations.metrics import SECONDS, Totals
from core.operations.snapshots import Snapshots

LABELS = ("method", "route", "module", "status")
FALLBACKS = "Times that something failed and another way was taken."


def text_of(totals: Totals, snapshots: Snapshots | None) -> bytes:
    """Return the text of these totals, and of the worker processes that share `snapshots`."""
    own_process = ProcessCollector(registry=None)
    processes = WorkerProcesses(snapshots.worker_pids) if snapshots else own_process
    registry = CollectorRegistry()
    for collector in (RequestTotals(totals), processes, PlatformCollector(registry=None)):
        registry.register(collector)
    return generate_latest(registry)


class RequestTotals(Collector):
    def __init__(self, totals: Totals) -> None:
        self._tallies, self._fallbacks = totals

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("http_requests", "Requests answered.", labels=LABELS)
        latency = HistogramMetricFamily("http_request_seconds", "Time to answer.", labels=LABELS)
        fallbacks = CounterMetricFamily("atrium_fallbacks", FALLBACKS, labels=("kind",))
        for (method, route, module, status), tally in self._tallies.items():
            labels = [method, route, module, str(status)]
            requests.add_metric(labels, sum(tally.buckets))
            latency.add_metric(labels, cumulative(tally.buckets), tally.seconds)
        for kind, count in self._fallbacks.items():
            fallbacks.add_metric([kind], count)
        return requests, latency, fallbacks


class WorkerProcesses(Collector):
    """The metrics of each worker process, which are not summed: memory, CPU time, open files."""

    def __init__(self, worker_pids: Callable[[], Iterable[int]]) -> None:
        self._worker_pids = worker_pids

    def collect(self) -> Iterable[Metric]:
        """Return the process metrics of the library, with the pid as the label `worker`."""
        families: dict[str, Metric] = {}
        for pid in self._worker_pids():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                empty = Metric(metric.name, metric.documentation, metric.type)
                family = families.setdefault(metric.name, empty)
                for sample in metric.samples:
                    family.add_sample(sample.name, {"worker": str(pid)}, sample.value)
        return families.values()


def cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total, sums = 0, []
    for bound, count in zip([*map(str, SECONDS), "+Inf"], counts, strict=True):
        total += count
        sums.append((bound, float(total)))
    return sums
