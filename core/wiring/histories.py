"""The migration histories of core and of every installed module, in the order of their runs."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import core.data.invalidation_poller  # noqa: F401 (it defines a table)
from core.data.migrations import History, histories_of
from core.kernel.loading import as_wiring_error
from core.wiring.registry import load_modules, package_of


def histories(needed: Sequence[str] | None = None) -> list[History]:
    """Return the histories of all modules that can be loaded.

    Raises WiringError if a needed module cannot be loaded; without `needed`, all modules are.
    """
    loaded = load_modules()
    for name, failure in loaded.failures.items():
        if needed is None or name in needed:
            raise failure
    packages = {name: package_of(plugin) for name, plugin in loaded.plugins.items()}
    for name, package in packages.items():
        with as_wiring_error(f"The models of {name} cannot be loaded", package):
            if find_spec(f"{package}.models"):
                import_module(f"{package}.models")
    return histories_of(packages)
