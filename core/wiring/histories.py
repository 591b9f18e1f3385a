"""The histories of migrations of core and every installed module, in the order they are run."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

from core.data import invalidation_poller
from core.data.migrations import History, histories_of
from core.kernel.loading import told_in_a_sentence
from core.wiring.registry import load_modules, package_of

TABLES_APART = (invalidation_poller,)
"""Modules of the core with a table, which nothing else here imports."""


def histories(needed: Sequence[str] | None = None) -> list[History]:
    """Return those of all modules that can be loaded.

    Raises WiringError where one of the `needed` cannot; without names, all are.
    """
    found = load_modules()
    for name, failure in found.failures.items():
        if needed is None or name in needed:
            raise failure
    packages = {name: package_of(plugin) for name, plugin in found.plugins.items()}
    for name, package in packages.items():
        with told_in_a_sentence(f"The models of {name} cannot be loaded", package):
            if find_spec(f"{package}.models"):
                import_module(f"{package}.models")
    return histories_of(packages)
