"""`python -m tests.bench.way "PATCH /users/me"`: print the way of a request through our functions.

The service runs with SQLite in this process, behind its own server, and is asked by a user who is
signed in. What is counted is in each of three calls after the first, so work that happens beside
them is left out. `--body '{"age": %d}'` is the JSON body, with the number of the call for `%d`.
"""

import os
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import pairwise
from operator import and_
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from types import CodeType, FrameType
from typing import NamedTuple

from tests.bench.client import Client
from tests.bench.processes import ROOT
from tests.bench.service import API, atrium, environment, register

OURS = tuple(str(ROOT / name) + os.sep for name in ("config", "core", "modules"))
PARTS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Code that is a function only in some releases of Python."""
BODIES = {
    "PATCH /users/me": '{"age": 4%d}',
    "POST /posts": '{"title": "Post %d", "content": "A few words."}',
}
UPLOAD = "POST /files/upload"
UPLOADED_BYTES = 100_000
CALLS = 3
AFTERWARDS_S = 0.05
"""The time in which the functions after the response are still counted."""


class Function(NamedTuple):
    file: str
    name: str

    @classmethod
    def of(cls, code: CodeType) -> "Function":
        return cls(str(Path(code.co_filename).relative_to(ROOT)), code.co_qualname)


class Recorder:
    """A profile function that records the calls of our functions while `recording()`."""

    def __init__(self) -> None:
        self._codes: list[CodeType] | None = None

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._codes is not None:
            code = frame.f_code
            if code.co_filename.startswith(OURS) and code.co_name not in PARTS:
                self._codes.append(code)

    @contextmanager
    def recording(self) -> Iterator[list[Function]]:
        """Yield a list that has the called functions, in order, when the block has ended."""
        way: list[Function] = []
        codes: list[CodeType] = []
        self._codes = codes
        yield way
        sleep(AFTERWARDS_S)
        self._codes = None
        way += map(Function.of, codes)


def main() -> None:
    asked = arguments()
    with TemporaryDirectory(prefix="atrium-way-") as folder, served(Path(folder)) as service:
        recorder, port = service
        client = Client(port)
        client = Client(port, register(client, 0).token)
        ways = [way_of(recorder, client, asked, number) for number in range(CALLS + 1)]
    print(report(ways[1:]))


def arguments() -> Namespace:
    parser = ArgumentParser("python -m tests.bench.way", description=__doc__)
    parser.add_argument("route", help='for example "GET /users/me"')
    parser.add_argument("--body", help="the JSON body")
    return parser.parse_args()


@contextmanager
def served(folder: Path) -> Iterator[tuple[Recorder, int]]:
    """Serve in a thread of this process, with a recorder in all its threads; yield the port."""
    settings = environment(f"sqlite:///{folder}/atrium.db", folder) | {"LOG_LEVEL": "error"}
    atrium(settings, "migrate")
    os.environ.update(settings)
    from core.cli.serve import APPLICATION
    from core.engine.http.server import Options, Server, listen

    recorder, ready = Recorder(), threading.Event()
    threading.setprofile(recorder)
    listener = listen("127.0.0.1", 0)
    server = Server(Options(APPLICATION), ready.set)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                sys.exit("The service did not start.")
        yield recorder, listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def way_of(recorder: Recorder, client: Client, asked: Namespace, number: int) -> list[Function]:
    method, path = asked.route.split()
    with recorder.recording() as way:
        if asked.route == UPLOAD:
            client.upload(API + path, UPLOADED_BYTES)
        else:
            client.send_text(method, API + path, body_of(asked, number))
    return way


def body_of(asked: Namespace, number: int) -> str | None:
    body: str | None = asked.body or BODIES.get(asked.route)
    return body.replace("%d", str(number)) if body else None


def report(ways: Sequence[Sequence[Function]]) -> str:
    """Return a line for each function, in the order of its first call, and the totals."""
    calls = reduce(and_, map(Counter, ways))
    way = [function for function in ways[-1] if function in calls]
    width = max(len(function.file) for function in calls)
    lines = [
        f"{calls[function]:5}  {function.file:{width}}  {function.name}"
        for function in dict.fromkeys(way)
    ]
    switches = sum(one.file != other.file for one, other in pairwise(way))
    engines = [function for function in calls if function.file.startswith("core/engine/")]
    return "\n".join(
        [
            *lines,
            f"{in_files(calls)}; {sum(calls.values())} calls, {switches} switches between files.",
            f"Of these, {in_files(engines)} are the engines'.",
        ]
    )


def in_files(functions: Collection[Function]) -> str:
    files = {function.file for function in functions}
    return f"{len(functions)} functions in {len(files)} files"


if __name__ == "__main__":
    main()
