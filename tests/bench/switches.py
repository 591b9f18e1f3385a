"""`python -m tests.bench.switches`: print the effect of parts of the engines, each switched off.

A value is the CPU time of a request with the part switched off, divided by the CPU time with it.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from core.engine.switches import SWITCHES
from tests.bench.method import RAW, Comparison, Pace, Subject, cost
from tests.bench.processes import Server, uvicorn
from tests.bench.requests import profile_requests, row_requests
from tests.bench.service import Service, running
from tests.bench.wrk import Request

PACE = Pace(rounds=3, seconds=1)
ON = "on"
FEW = 100
"""The number of users in addition to those who are signed in."""
ROWS: dict[str, Callable[[Service], Sequence[Request]]] = {
    "GET /users/me": lambda it: it.by_each("GET", "/users/me"),
    "GET /posts/{id}": row_requests,
    "PATCH /users/me": profile_requests,
    "POST /posts": lambda it: it.by_each("POST", "/posts", {"title": "A post", "content": "Words"}),
}


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="atrium-switches-")))
        raw = stack.enter_context(Server(RAW, uvicorn(f"tests.bench.floors:{RAW}")))
        floor = Subject(RAW, raw, [Request("GET", "/")])
        services = {ON: started(stack, folder, ON, {})}
        for switch in SWITCHES:
            environment = {switch.name: switch.off}
            services[switch.name] = started(stack, folder, switch.name, environment)
        for row, requests in ROWS.items():
            subjects = [Subject(name, it.server, requests(it)) for name, it in services.items()]
            compared = Comparison([floor, *subjects], PACE).run(cost)
            for switch in SWITCHES:
                print(line(row, switch.name, compared), flush=True)


def started(stack: ExitStack, folder: Path, name: str, environment: dict[str, str]) -> Service:
    own = folder / name
    own.mkdir()
    url = f"sqlite:///{own}/atrium.db"
    return stack.enter_context(running(name, url, own, FEW, environment))


def line(row: str, name: str, compared: Comparison) -> str:
    spread = compared.relation(name, ON)
    return (
        f"{row:16} {name:33} {spread.value:.2f} ({spread.low:.2f} to {spread.high:.2f}) "
        f"{compared.note}"
    )


if __name__ == "__main__":
    main()
