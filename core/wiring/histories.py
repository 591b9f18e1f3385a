"""The histories of migrations of core and every installed module, in the order they are run."""

from core.data import announcements
from core.data.migrations import History, histories_of
from core.wiring.registry import discover

TABLES_APART = (announcements,)
"""Modules of the core with a table, which nothing else here imports."""


def histories() -> list[History]:
    plugins = discover()
    packages = {name: each.__module__.rpartition(".")[0] for name, each in plugins.items()}
    return histories_of(packages)
