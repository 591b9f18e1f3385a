"""Load by `wrk` on its own core: requests sent in turn, and the statistics of the responses."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from tests.bench.processes import LOAD_CORE, pinned

HOW_TO_GET_IT = "The bench needs wrk: `apt install wrk` on Debian and Ubuntu, `brew install wrk`."
MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
SCRIPT = """
local requests, turn = {}, 0
function init()
%s
end
function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
"""


@dataclass(frozen=True)
class Request:
    """A request in ASCII."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Answers:
    requests: int
    per_second: float
    p99_ms: float
    failed: int


def installed() -> bool:
    return which("wrk") is not None


class Load:
    """A load that runs from its construction until its time is over."""

    def __init__(
        self, port: int, requests: Sequence[Request], seconds: int, connections: int
    ) -> None:
        self._folder = TemporaryDirectory(prefix="atrium-wrk-")
        script = Path(self._folder.name) / "requests.lua"
        script.write_text(script_of(requests))
        self._limit = seconds + 30
        command = f"wrk -t1 -c{connections} -d{seconds}s --latency --timeout 20s -s {script}"
        with pinned(LOAD_CORE):
            self._process = subprocess.Popen(
                [*command.split(), f"http://127.0.0.1:{port}/"],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def answers(self) -> Answers:
        """Wait for the end, and return the statistics."""
        try:
            said, _ = self._process.communicate(timeout=self._limit)
        finally:
            self._process.kill()
            self._folder.cleanup()
        return parse(said)


def run(port: int, requests: Sequence[Request], seconds: int, connections: int) -> Answers:
    return Load(port, requests, seconds, connections).answers()


def script_of(requests: Sequence[Request]) -> str:
    return SCRIPT % "\n".join(f"  requests[#requests + 1] = {call(each)}" for each in requests)


def call(request: Request) -> str:
    headers = ", ".join(f"[{quote(name)}] = {quote(it)}" for name, it in request.headers.items())
    body = "nil" if request.body is None else quote(request.body)
    return f"wrk.format({quote(request.method)}, {quote(request.path)}, {{{headers}}}, {body})"


def quote(text: str) -> str:
    """Return a string of Lua, which equals one of JSON if it is ASCII."""
    if not text.isascii():
        raise ValueError(f"{text!r} is not ASCII.")
    return json.dumps(text)


def parse(said: str) -> Answers:
    """Return the statistics. Raises RuntimeError for text that is not a report of wrk."""
    requests = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"\s99%\s+([\d.]+)(us|ms|s|m)\b", said)
    if not (requests and rate and p99):
        raise RuntimeError(f"wrk said: {said.strip()[:300]}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    failed = sum(map(int, broken.groups())) if broken else 0
    return Answers(
        requests=int(requests[1]),
        per_second=float(rate[1]),
        p99_ms=float(p99[1]) * MS[p99[2]],
        failed=failed + (int(refused[1]) if refused else 0),
    )
