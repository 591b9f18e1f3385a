"""Reports each call with which the application blocks its event loop: files, locks, sleep.

Python sends audit events for most of these calls, and the rest of them are wrapped here. A call
belongs to the application when its code makes it in the thread of the loop during a request, or in
a callback or task. Calls of a test itself and calls at start are not reported.
"""

import linecache
import os
import sys
from asyncio import _get_running_loop
from collections.abc import Callable, Iterator
from functools import cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
from asyncpg import connect_utils

ROOT = f"{Path(__file__).parents[1]}{os.sep}"
OURS = tuple(f"{ROOT}{folder}{os.sep}" for folder in ("config", "core", "modules"))
TESTS = (f"{ROOT}tests{os.sep}", f"{ROOT}core{os.sep}testing{os.sep}")
OUTERMOST = f"{ROOT}core/web/middleware.py"

AUDITED = frozenset({
    "fcntl.flock", "fcntl.lockf", "open", "os.chmod", "os.chown", "os.link", "os.listdir",
    "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.scandir", "os.symlink", "os.truncate",
    "os.utime", "shutil.copyfile", "shutil.move", "shutil.rmtree", "sqlite3.connect",
    "subprocess.Popen", "time.sleep",
})  # fmt: skip
WRAPPED = (
    "access", "fdatasync", "fsync", "ftruncate", "lstat", "posix_fallocate", "pread", "pwrite",
    "read", "readlink", "stat", "statvfs", "write",
)  # fmt: skip

ALLOWED = {
    "<frozen importlib._bootstrap>": "a module that is imported late is read once in a process",
    linecache.__file__: "an error that nothing foresaw is logged with its source lines",
    connect_utils.__file__: "a new connection to PostgreSQL looks for the operator's password file",
    f"{ROOT}core/data/migrations/commands.py": "migrations run in a loop of their own",
    structlog.dev.__file__: "the console of a developer shows that error in more detail",
}
"""Files whose code may block, with the reason."""

Report = Callable[[str], None]


def install(report: Report) -> None:
    """Report each call from now on; an audit hook cannot be removed."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in AUDITED:
            tell(report, f"{event}{arguments[:1]}")

    sys.addaudithook(hear)
    setattr(os, "close", closing(report, os.close))  # noqa: B010 (a function of another name)
    for name in WRAPPED:
        setattr(os, name, wrapped(report, name, getattr(os, name)))


def wrapped(report: Report, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def told(*arguments: Any, **options: Any) -> Any:
        tell(report, f"os.{name}{arguments[:1]}")
        return call(*arguments, **options)

    return told


def closing(report: Report, close: Callable[[int], None]) -> Callable[[int], None]:
    """Report only the last close of a removed file, which waits for the disk."""

    def told(file: int) -> None:
        if _get_running_loop() is not None and not os.fstat(file).st_nlink:
            tell(report, "os.close of a removed file")
        close(file)

    return told


def tell(report: Report, what: str) -> None:
    if _get_running_loop() is None:
        return
    files = list(files_of(sys._getframe(2)))
    if is_ours(files) and not ALLOWED.keys() & files:
        places = " < ".join(place for place in places_of(sys._getframe(2)))
        report(f"{what} in {places}")


def is_ours(files: list[str]) -> bool:
    """Return whether the nearest code of the repository, and the origin of the call, are ours."""
    nearest = next((file for file in files if file.startswith(ROOT) and is_code(file)), "")
    in_request = OUTERMOST in files
    if not nearest.startswith(OURS) or is_test(nearest):
        return False
    return in_request or not any(map(is_test, files))


def is_test(file: str) -> bool:
    return file.startswith(TESTS)


@cache
def is_code(file: str) -> bool:
    return file.startswith((*OURS, *TESTS))


def files_of(frame: FrameType | None) -> Iterator[str]:
    while frame:
        yield frame.f_code.co_filename
        frame = frame.f_back


def places_of(frame: FrameType | None) -> Iterator[str]:
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(OURS):
            yield f"{file.removeprefix(ROOT)}:{frame.f_lineno}"
        frame = frame.f_back
