"""A process that serves the small application with the server of the service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import structlog

from core.engine.http.protocol import HttpProtocol
from core.engine.http.server import Options, serve
from tests.core.engine.http import small_app


class Watched(HttpProtocol):
    """The same protocol; the application reports the greatest number of waiting requests."""

    stopping_write_timeout = 0.6

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        small_app.most_waiting = max(small_app.most_waiting, len(self.pipeline))


class Impatient(Watched):
    """The same protocol with short deadlines."""

    max_connections = 20
    max_per_client = 10
    write_timeout = 0.6
    excess_timeout = 0.2
    header_timeout = 0.3
    body_timeout = 0.3
    slow_window = 0.6
    linger_timeout = 0.5


class Unhurried(Watched):
    """The same protocol, which notices a slow reader soon and disconnects it late."""

    write_timeout = 3.0


PROTOCOLS = {"patient": Watched, "unhurried": Unhurried}


@dataclass(frozen=True)
class Serving:
    process: "subprocess.Popen[str]"
    port: int


@contextmanager
def served(*arguments: str, **environ: str) -> Iterator[Serving]:
    """Yield the server: `--patient`, `--unhurried`, `--workers=2`, `--reload=DIR`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.core.engine.http.served", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )
    assert process.stdout
    try:
        yield Serving(process, int(process.stdout.readline().rpartition(":")[2] or 0))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def greet(address: str) -> None:
    print(address, flush=True)


def main(arguments: list[str]) -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    protocol = next((PROTOCOLS[name] for name in given if name in PROTOCOLS), Impatient)
    options = Options(
        "tests.core.engine.http.small_app:SmallApplication",
        reload_dirs=tuple(filter(None, [given.get("reload")])),
        protocol=protocol,
        trusted_proxies=(ip_network("127.0.0.3/32"),),
        keep_alive_s=1 if protocol is Impatient else 75,
        delay_s=int(given.get("delay", 0)),
        grace_s=int(given.get("grace", 25)),
        margin_s=int(given.get("margin", 5)),
    )
    return serve(
        options, "127.0.0.1", int(given.get("port", 0)), int(given.get("workers", 1)), greet
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
