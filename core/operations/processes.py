"""Metrics of each worker process, which are not summed: memory, CPU time, open files."""

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class WorkerProcesses(Collector):
    def __init__(self, living: Callable[[], Iterable[int]]) -> None:
        self._living = living

    def collect(self) -> Iterable[Metric]:
        """Return the process metrics of the library, with the pid as the label `worker`."""
        families: dict[str, Metric] = {}
        for pid in self._living():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                empty = Metric(metric.name, metric.documentation, metric.type)
                family = families.setdefault(metric.name, empty)
                for sample in metric.samples:
                    family.add_sample(sample.name, {"worker": str(pid)}, sample.value)
        return families.values()
