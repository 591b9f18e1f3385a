"""The metrics of requests for Prometheus: number, status and duration for each route.

Requests are counted on the event loop only, so the counters do not need the locks of the library.
Each worker shares its counters with the others, so that a scrape of any worker has the sums of all.
"""

from asyncio import sleep, to_thread
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from threading import Lock

import structlog
from msgspec import json

from core.kernel.fallbacks import count_fallback
from core.kernel.fallbacks import counts as fallback_counts
from core.operations.snapshots import Snapshots
from core.web.context import HttpContext

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SHARE_EVERY_S = 1.0

log = structlog.get_logger(__name__)

Key = tuple[str, str, str, int]


class Tally:
    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(SECONDS) + 1)
        self.seconds = 0.0

    def add(self, buckets: list[int], seconds: float) -> None:
        self.buckets = [one + more for one, more in zip(self.buckets, buckets, strict=True)]
        self.seconds += seconds


Counted = list[tuple[Key, list[int], float]]
Shared = tuple[Counted, dict[str, int]]
"""The counters that a worker shares with the others: requests and fallbacks."""

Totals = tuple[Mapping[Key, Tally], Mapping[str, int]]
"""The counters of all workers together."""

encode = json.Encoder().encode
decode = json.Decoder(Shared).decode


class RequestMetrics:
    def __init__(self, snapshots: Snapshots | None = None) -> None:
        """Share counters through `snapshots`, which is None if there are no other workers."""
        self._tallies: dict[Key, Tally] = {}
        self._snapshots, self._writing = snapshots, Lock()

    def observe(self, context: HttpContext) -> None:
        key = (context.method, context.template, context.options.module, context.status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._first(key)
        seconds = context.elapsed_s
        tally.buckets[bisect_left(SECONDS, seconds)] += 1
        tally.seconds += seconds

    def render(self) -> bytes:
        """Return the metrics of all workers and their processes in Prometheus' text format."""
        from core.operations.exposition import text_of  # loads the library of Prometheus

        self._keep()  # the next scrape may reach another worker
        return text_of(self._of_all(), self._snapshots)

    async def share(self) -> None:
        """Write the counters for the other workers, every second and once at the end."""
        try:
            while self._snapshots:
                await to_thread(self._keep)
                await sleep(SHARE_EVERY_S)
        finally:
            await to_thread(self._keep)

    def _first(self, key: Key) -> Tally:
        method, template, module, status = key
        if method not in METHODS:  # a client may send any name; this limits the number of series
            key = ("other", template, module, status)
        return self._tallies.setdefault(key, Tally())

    def _of_all(self) -> Totals:
        tallies: dict[Key, Tally] = {}
        taken: Counter[str] = Counter()
        others = self._snapshots.of_others() if self._snapshots else ()
        for counted, fallbacks in chain([self._counted()], map(decode, others)):
            taken.update(fallbacks)
            for key, buckets, seconds in counted:
                tallies.setdefault(key, Tally()).add(buckets, seconds)
        return tallies, taken

    def _counted(self) -> Shared:
        tallies = [(key, it.buckets, it.seconds) for key, it in list(self._tallies.items())]
        return tallies, dict(fallback_counts)

    def _keep(self) -> None:
        """Write one snapshot at a time, so that the file has the latest counters."""
        if self._snapshots is None:
            return
        try:
            with self._writing:
                self._snapshots.keep(encode(self._counted()))
        except OSError as error:
            count_fallback("shared_metrics")
            log.warning("metrics_not_shared", reason=type(error).__name__)
