"""Loading of libraries without the optional packages that they import if installed.

Each unused package costs every process some megabytes and a part of its start. The packages are
hidden only while the library loads, and can be imported later.
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
    """Import the library while `unused` packages are None in `sys.modules`, as if not installed."""
    hidden = [name for name in unused if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]
    try:
        import_module(library)
    finally:
        for name in hidden:
            del sys.modules[name]
