"""The shared servers of the measures: each baseline and service starts at its first use."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from tests.bench.databases import database
from tests.bench.method import RAW, Comparison, Pace, Subject, cost
from tests.bench.processes import Server, uvicorn
from tests.bench.service import CROWD, Service, run_module, running
from tests.bench.wrk import Request

FEW = 100
"""The number of users in addition to those who are signed in."""
HOME = [Request("GET", "/")]


class Scene:
    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.stack = ExitStack()
        self._services: dict[str, Service] = {}
        self._floors: list[Subject] = []

    def __enter__(self) -> "Scene":
        self.folder = Path(self.stack.enter_context(TemporaryDirectory(prefix="atrium-bench-")))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.__exit__(kind, error, trace)

    def service(self, backend: str) -> Service:
        if backend not in self._services:
            self._services[backend] = self._started(backend, backend, CROWD)
        return self._services[backend]

    def crowded(self, backend: str) -> Service:
        """Return a service with few users and 200,000 posts."""
        name = f"crowded-{backend}"
        if name not in self._services:
            self._services[name] = self._started(name, backend, FEW)
            run_module(self._services[name].settings, "tests.bench.posts")
        return self._services[name]

    def _started(self, name: str, backend: str, crowd: int) -> Service:
        folder = self.new_folder(name)
        url = self.stack.enter_context(database(backend, folder))
        return self.stack.enter_context(running(name, url, folder, crowd))

    @property
    def floors(self) -> list[Subject]:
        if not self._floors:
            for name in (RAW, "bare"):
                server = Server(name, uvicorn(f"tests.bench.floors:{name}"))
                self.stack.enter_context(server)
                self._floors.append(Subject(name, server, HOME))
        return self._floors

    def compare(self, *subjects: Subject) -> Comparison:
        """Compare the subjects with both baselines, in the same rounds."""
        return Comparison([*self.floors, *subjects], self.pace).run(cost)

    def new_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder
