"""Libraries that look for others, and load what they find whether anybody uses it or not.

Each of those costs every process some megabytes and a part of its start. They are out of sight
only while the library loads: whoever imports one later gets it.
"""

import sys
from collections.abc import Iterable
from importlib import import_module

UNUSED = {
    "dependency_injector.wiring": ("fast_depends", "fastapi", "starlette", "werkzeug"),
    "structlog": ("rich",),
}


def load_lean() -> None:
    for library, unused in UNUSED.items():
        load_without(library, unused)


def load_without(library: str, unused: Iterable[str]) -> None:
    """To Python, a module that is None is not installed."""
    hidden = [name for name in unused if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]
    try:
        import_module(library)
    finally:
        for name in hidden:
            del sys.modules[name]
