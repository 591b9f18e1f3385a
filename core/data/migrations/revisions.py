"""One migration history per module; each has its own version table, so none affects another."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path

from core.data.models import Base
from core.kernel.contributions import WiringError

MIGRATIONS = Path(__file__).parents[3] / "migrations"


class MigrationError(Exception):
    """The database and the code do not match; the message says what to do."""


@dataclass(frozen=True)
class Difference:
    """One difference between a model and its table after all revisions."""

    sentence: str
    breaks: bool
    """Whether requests may fail; a table or an index that only the database has is harmless."""


@dataclass(frozen=True)
class History:
    """The migrations of one module; `notes` owns the table `notes` and every `notes_…`."""

    module: str
    folder: Path

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.module}"

    def owns(self, table: str | None) -> bool:
        return f"{table}_".startswith(f"{self.module}_")

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("[!_]*.py"))

    @cached_property
    def revisions(self) -> list[str]:
        """The revisions from first to last, read without alembic, which adds 150 ms to a start.

        Raises MigrationError if they are not one line.
        """
        after = dict(map(read_revision, self.files))
        line: list[str] = []
        while (following := after.pop(line[-1] if line else None, None)) is not None:
            line.append(following)
        if after:
            raise MigrationError(
                f"The revisions of {self.module} do not form one line: {', '.join(after.values())}"
                f" have none before them in {self.folder}. Set the down_revision of each."
            )
        return line

    def missing(self, at: str | None) -> list[str]:
        """Return the revisions after `at`. Raises MigrationError for an unknown `at`."""
        if at is None:
            return self.revisions
        if at not in self.revisions:
            raise MigrationError(
                f"The tables of {self.module} are at {at}, newer than this code: run the newer"
                " code, or roll them back with it first (`atrium downgrade`)."
            )
        return self.revisions[self.revisions.index(at) + 1 :]


def read_revision(file: Path) -> tuple[str | None, str]:
    """Return `down_revision` and `revision`. Raises MigrationError if they cannot be read."""
    try:
        named = {
            target.id: ast.literal_eval(statement.value)
            for statement in ast.parse(file.read_bytes()).body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
    except SyntaxError as error:
        message = f"{file}, line {error.lineno}, is not Python: {error.msg}."
        raise MigrationError(message) from error
    except ValueError as error:
        message = f"{file} must give revision and down_revision as plain text."
        raise MigrationError(message) from error
    if "revision" not in named:
        raise MigrationError(f"{file} has no revision: write the file with `atrium revision`.")
    return named.get("down_revision"), named["revision"]


def histories_of(packages: Mapping[str, str]) -> list[History]:
    """Return the histories of core and of each module (name and package, in wiring order).

    A history comes after those whose tables it refers to. Import core's own tables before.
    """
    every = [history_of(name, package) for name, package in {"core": "core", **packages}.items()]
    for one, other in permutations(every, 2):
        if one.owns(other.module):
            raise WiringError(
                f"Tables of {other.module} have the prefix of {one.module}: rename one module."
            )
    return sorted_by_foreign_keys(every)


def history_of(module: str, package: str) -> History:
    """Return a history from `migrations/<module>/`, or from the folder of an installed module."""
    if find_spec(f"{package}.models"):
        import_module(f"{package}.models")
    if package.partition(".")[0] in ("core", "modules"):
        return History(module, MIGRATIONS / module)
    return History(module, Path(import_module(package).__path__[0]) / "migrations")


def sorted_by_foreign_keys(histories: Sequence[History]) -> list[History]:
    """Return the histories sorted by their foreign keys, otherwise in the given order."""
    waiting, ordered = list(histories), list[History]()
    while waiting:
        ready = next((it for it in waiting if not needs(it, waiting)), None)
        if ready is None:
            circle = ", ".join(history.module for history in waiting)
            raise WiringError(f"Tables refer to each other in a circle: {circle}.")
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def needs(history: History, others: Sequence[History]) -> list[History]:
    """Return the other histories whose tables are targets of this one's foreign keys."""
    own = [table for table in Base.metadata.tables.values() if history.owns(table.name)]
    targets = [key.target_fullname.split(".")[0] for table in own for key in table.foreign_keys]
    return [other for other in others if other != history and any(map(other.owns, targets))]
