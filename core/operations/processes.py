"""Memory, processor time and open files of each worker, which no sum would tell."""

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class WorkerProcesses(Collector):
    def __init__(self, living: Callable[[], Iterable[int]]) -> None:
        self._living = living

    def collect(self) -> Iterable[Metric]:
        """The library's figures of a process, with its number as a label."""
        found: dict[str, Metric] = {}
        for pid in self._living():
            for each in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                empty = Metric(each.name, each.documentation, each.type)
                family = found.setdefault(each.name, empty)
                for sample in each.samples:
                    family.add_sample(sample.name, {"worker": str(pid)}, sample.value)
        return found.values()
