"""The migrations, for tests of what a revision does with stored rows."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from core.data import migrations
from core.data.migrations import MigrationError, connections
from core.wiring.histories import histories

__all__ = ["MigrationError", "Migrations"]

T = TypeVar("T")


class Migrations:
    """The revisions of all modules on one database.

    A test that rolls back must apply the revisions again, because later tests use the database.
    """

    def __init__(self, url: str) -> None:
        self._url, self._histories = url, {it.module: it for it in histories()}

    def downgrade(self, module: str, revision: str) -> None:
        """Roll the module back to this revision. Raises MigrationError."""
        migrations.downgrade(self._url, self._histories[module], revision)

    def upgrade(self, *modules: str) -> None:
        """Apply the pending revisions of these modules, or of all. Raises MigrationError."""
        chosen = [self._histories[module] for module in modules or self._histories]
        migrations.upgrade(self._url, chosen)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns for a connection to the database."""
        return connections.run(self._url, work)
