"""The method of comparison: rounds, A B C then C B A, so that noise affects each subject alike.

The main number is the CPU ratio: the CPU cost of a request to raw uvicorn, divided by the cost of
the subject in the same round. Rounds in which raw uvicorn costs much more than its undisturbed
value are dropped, because load improves every ratio.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, sleep

from tests.bench.processes import Server
from tests.bench.wrk import Request, run

CONNECTIONS = 32
WARM_S = 1
LOUD = 1.3
FEWEST = 3
IDLE_NS, LOOK_S = 8_000_000, 0.25  # less CPU time than this counts as idle
RAW = "raw"

Round = Mapping[str, float]
"""CPU microseconds per request, by subject."""


@dataclass(frozen=True)
class Pace:
    """The length of a measurement: valid `rounds`, of `seconds` for each subject."""

    rounds: int
    seconds: int

    @property
    def most_rounds(self) -> int:
        return self.rounds * 2


@dataclass(frozen=True)
class Subject:
    name: str
    server: Server
    requests: Sequence[Request]


@dataclass(frozen=True)
class Spread:
    """The median of the measured values, and their range."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Figure:
    """The measured value of one target."""

    key: str
    spread: Spread
    note: str = ""


class Comparison:
    """The rounds of one set of subjects, of which one is raw uvicorn."""

    def __init__(self, subjects: Sequence[Subject], pace: Pace) -> None:
        self._subjects, self._pace = subjects, pace
        self.rounds: list[Round] = []

    def run(self, measure: Callable[[Subject, int], float]) -> "Comparison":
        """Measure until enough rounds were undisturbed, or too many were disturbed."""
        for subject in self._subjects:
            measure(subject, WARM_S)
        while len(self.rounds) < self._pace.most_rounds:
            ordered = self._subjects if len(self.rounds) % 2 == 0 else self._subjects[::-1]
            self.rounds.append({it.name: measure(it, self._pace.seconds) for it in ordered})
            if len(calm_among(self.rounds)) >= self._pace.rounds:
                break
        return self

    def ratio(self, name: str) -> Spread:
        """Return the ratio of raw uvicorn's cost to the subject's."""
        return self.relation(RAW, name)

    def relation(self, one: str, other: str) -> Spread:
        kept = quiet(self.rounds)
        return Spread.of([each[one] / each[other] for each in kept])

    @property
    def note(self) -> str:
        kept = len(calm_among(self.rounds))
        return f"{kept} of {len(self.rounds)} rounds quiet" if kept < len(self.rounds) else ""


def quiet(rounds: Sequence[Round]) -> list[Round]:
    """Return the rounds in which raw uvicorn was undisturbed; the least disturbed few at least."""
    calm = calm_among(rounds)
    if len(calm) >= FEWEST:
        return calm
    return sorted(rounds, key=lambda each: each[RAW])[:FEWEST]


def calm_among(rounds: Sequence[Round]) -> list[Round]:
    limit = min(each[RAW] for each in rounds) * LOUD
    return [each for each in rounds if each[RAW] <= limit]


def cost(subject: Subject, seconds: int) -> float:
    """Return CPU microseconds per request. Raises RuntimeError when requests fail."""
    before = subject.server.cpu_ns()
    answers = run(subject.server.port, subject.requests, seconds, CONNECTIONS)
    spent = subject.server.cpu_ns() - before
    settle(subject.server)
    if answers.failed or not answers.requests:
        raise RuntimeError(f"{subject.name}: {answers.failed} of {answers.requests} failed.")
    return spent / 1000 / answers.requests


def settle(server: Server, longest_s: float = 10.0) -> None:
    """Wait until the server has processed the requests that the load left in its queues."""
    until = perf_counter() + longest_s
    while perf_counter() < until:
        before = server.cpu_ns()
        sleep(LOOK_S)
        if server.cpu_ns() - before < IDLE_NS:
            return
