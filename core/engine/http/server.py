"""The server: uvicorn with `HttpProtocol`, which stops in order after a signal.

The protocol is imported only if it is not switched off, because a newer uvicorn may lack its names.
"""
# ruff: noqa: E402 (load_without must run before uvicorn is imported)

import errno
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from threading import Timer
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Literal

from config.lean import load_without

load_without("uvicorn", ["watchfiles"])  # only a reload uses it

import uvicorn
from uvicorn.supervisors.basereload import BaseReload
from uvicorn.supervisors.statreload import StatReload

from core.engine.http.lifecycle import Lifecycle
from core.engine.http.workers import SPAWN, Workers
from core.engine.switches import HTTP

if TYPE_CHECKING:
    from core.engine.http.protocol import HttpProtocol

OPEN_FILES = 65_536
Ready = Callable[[str], None]


class CannotListen(Exception):
    """The server cannot listen: the message names HOST or PORT, and says what to do."""


@dataclass(frozen=True)
class Options:
    app: str
    """The import path of the application factory, e.g. `core.app:create_app`."""
    reload_dirs: tuple[str, ...] = ()
    protocol: "type[HttpProtocol] | None" = None
    """A subclass with other limits, for tests."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """`max_per_client` does not apply to these, because many clients connect through them."""
    keep_alive_s: int = 75
    """The longest idle time of a connection."""
    delay_s: int = 0
    """The time in which requests are still accepted after SIGTERM, while readiness is 503."""
    grace_s: int = 25
    """The time that requests in progress may take after the delay."""
    margin_s: int = 5
    """The time after `grace_s` for all other closing, before the process is ended by force."""

    def config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            factory=True,
            interface="asgi3",
            http=self.protocol or default_protocol(),
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_keep_alive=self.keep_alive_s,
            timeout_graceful_shutdown=self.grace_s,
            reload=bool(self.reload_dirs),
            reload_dirs=list(self.reload_dirs) or None,
        )


def default_protocol() -> "type[HttpProtocol] | Literal['auto']":
    """Return our protocol; if it is switched off, the name of uvicorn's own."""
    if HTTP.is_off:
        return "auto"
    from core.engine.http.protocol import HttpProtocol

    return HttpProtocol


def serve(
    options: Options, host: str, port: int, workers: int = 1, ready: Ready = lambda address: None
) -> int:
    """Serve until a signal, and return the exit status. Raises CannotListen.

    `ready` is called once with the URL, when every worker accepts requests. With `reload_dirs`
    there is one worker, which restarts when a source file in them changes.
    """
    listener = listen(host, port)
    greet = partial(ready, address_of(listener))
    if options.reload_dirs:
        return reload(options, listener, greet)
    if workers > 1:
        return Workers(
            partial(work, options),
            workers,
            listener,
            options.delay_s,
            options.grace_s + 2 * options.margin_s,
            greet,
        ).run()
    return run(Server(options, greet), listener)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises CannotListen.

    This runs before anything else is started, so that nothing has to be undone.
    """
    listener = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        if listener:
            listener.close()
        raise CannotListen(sentence(error, host, port)) from None
    return listener


def sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Another process listens on HOST={host} PORT={port}: "
            f"stop it, or choose another port, such as PORT={port + 1 if port < 65535 else 8000}."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"This user may not listen on PORT={port}: choose one from 1024 upwards."
    return f"Cannot listen on HOST={host} PORT={port} ({error.strerror}): correct HOST."


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Server(uvicorn.Server):
    def __init__(self, options: Options, ready: Callable[[], None]) -> None:
        super().__init__(options.config())
        if not HTTP.is_off:
            from core.engine.http.connections import ServingState

            self.server_state = ServingState(options.trusted_proxies)
        self._options, self._ready = options, ready
        self._parent = parent_process()
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the delay at the first signal, end it at the next, and force the end at another.

        In a worker only its parent forces the end. uvicorn's own method would raise the signal
        again at the end.
        """
        if self._stop_at is None:
            self._begin_to_stop()
        elif not self.should_exit:
            self.stop()
        elif not self._parent:
            self.force_exit = True
            self.stop()

    def _begin_to_stop(self) -> None:
        """Fail readiness, and stop after the delay, in which load balancers notice the failure."""
        self.lifecycle.stopping = True
        delay_s = self._options.delay_s if self.started else 0
        self._stop_at = monotonic() + delay_s
        if not delay_s:
            self.stop()

    def stop(self) -> None:
        self.should_exit = True
        self.lifecycle.stopping = True
        end_within(self._options.margin_s + (0 if self.force_exit else self._options.grace_s))

    async def on_tick(self, counter: int) -> bool:
        if self._parent and not counter % 10 and not self._parent.is_alive():
            self.stop()
        if self._stop_at is not None and not self.should_exit and monotonic() >= self._stop_at:
            self.stop()
        return await super().on_tick(counter)

    @property
    def lifecycle(self) -> Lifecycle:
        """The lifecycle of the application, or a new one if the application is not loaded."""
        app = self.config.loaded_app if self.config.loaded else None
        return getattr(getattr(app, "state", None), "lifecycle", None) or Lifecycle()


def end_within(seconds: float) -> None:
    """End the process after this time, even if a handler blocks a thread or the event loop."""
    timer = Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


def run(server: Server, listener: socket.socket) -> int:
    raise_open_files()
    try:
        server.run([listener])
    except SystemExit:  # the application did not start and has reported why
        return 1
    return 0


def raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def work(options: Options, listener: socket.socket, started: Connection) -> None:
    """Run one of several workers."""

    def tell() -> None:
        started.send(None)
        started.close()

    sys.exit(run(Server(options, tell), listener))


def reload(options: Options, listener: socket.socket, greet: Callable[[], None]) -> int:
    target = partial(work_once, options, SPAWN.Event(), greet)
    reloader()(options.config(), target=target, sockets=[listener]).run()
    return 0


def reloader() -> type[BaseReload]:
    """Return the reloader that uses file system events if watchfiles is installed, else polling."""
    try:
        from uvicorn.supervisors.watchfilesreload import WatchFilesReload
    except ImportError:
        return StatReload
    return WatchFilesReload


def work_once(
    options: Options, greeted: Event, greet: Callable[[], None], sockets: Sequence[socket.socket]
) -> None:
    """Run the worker that restarts after each change; call `greet` at the first start only."""

    def tell() -> None:
        if not greeted.is_set():
            greeted.set()
            greet()

    sys.exit(run(Server(options, tell), sockets[0]))
