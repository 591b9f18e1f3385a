"""Errors of a module's code while it is loaded, as one sentence with their place."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import walk_tb

from config.settings import SettingsError
from core.kernel.contributions import WiringError

SENTENCES = (WiringError, SettingsError, KeyboardInterrupt, GeneratorExit)
MAX_LENGTH = 300
"""The most characters of an exception's own text in that sentence."""


@contextmanager
def as_wiring_error(
    failure: str, *packages: str, except_for: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Raise WiringError for an exception of the block, with `failure`, the error and its place.

    SENTENCES and `except_for` pass unchanged. The place is the last line of the packages that was
    executed.
    """
    passing: tuple[type[BaseException], ...] = (*SENTENCES, *except_for)
    try:
        yield
    except passing:
        raise
    except BaseException as error:
        place = place_of(error, packages)
        raise WiringError(f"{failure}: {described(error)}, in {place}.") from error


def described(error: BaseException) -> str:
    short = " ".join(text_of(error).split())[:MAX_LENGTH].rstrip(".")
    if isinstance(error, ImportError):
        return short
    return f"{type(error).__name__}: {short}" if short else type(error).__name__


def text_of(error: BaseException) -> str:
    try:
        return str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:
        return ""


def place_of(error: BaseException, packages: Sequence[str]) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = list(walk_tb(error.__traceback__))
    own = [
        (frame, line)
        for frame, line in frames
        if is_within(frame.f_globals.get("__name__"), packages)
    ]
    if not own and len(packages) == 1 and (file := file_of(packages[0])):
        return file
    frame, line = (own or frames)[-1]
    return f"{frame.f_code.co_filename}, line {line}"


def file_of(package: str) -> str | None:
    """Return the file of the plugin, or of the package if no plugin is loaded."""
    loaded = sys.modules.get(f"{package}.plugin") or sys.modules.get(package)
    return getattr(loaded, "__file__", None)


def is_within(module: str | None, packages: Sequence[str]) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)
