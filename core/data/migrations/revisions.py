"""One history of migrations per module, with a version table of its own: none can meet another."""

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
    """The database and the code do not fit together; it says what to do."""


@dataclass(frozen=True)
class Difference:
    """One difference between a model and its table, which has every revision."""

    sentence: str
    breaks: bool
    """Whether requests may fail: not by a table or an index that only the database has."""


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
        """From the first to the last, read without alembic, which costs a start 150 ms.

        Raises MigrationError where they are not one line.
        """
        after = dict(map(read_revision, self.files))
        line: list[str] = []
        while (following := after.pop(line[-1] if line else None, None)) is not None:
            line.append(following)
        if after:
            raise MigrationError(
                f"The revisions of {self.module} are not one line: {', '.join(after.values())}"
                f" follow nothing in {self.folder}. Give each the one before as down_revision."
            )
        return line

    def missing(self, at: str | None) -> list[str]:
        """What is still to be done there. Raises MigrationError where this code has never been."""
        if at is None:
            return self.revisions
        if at not in self.revisions:
            raise MigrationError(
                f"The tables of {self.module} are at {at}, newer than this code knows: run the"
                " newer code, or walk them back with it first (`atrium downgrade`)."
            )
        return self.revisions[self.revisions.index(at) + 1 :]


def read_revision(file: Path) -> tuple[str | None, str]:
    """Return the one before, and its own. Raises MigrationError where they cannot be read."""
    try:
        named = {
            target.id: ast.literal_eval(statement.value)
            for statement in ast.parse(file.read_bytes()).body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
    except SyntaxError as error:
        told = f"{file}, line {error.lineno}, is not Python: {error.msg}."
        raise MigrationError(told) from error
    except ValueError as error:
        told = f"{file} must give revision and down_revision as plain text."
        raise MigrationError(told) from error
    if "revision" not in named:
        raise MigrationError(f"{file} names no revision: make it with `atrium revision`.")
    return named.get("down_revision"), named["revision"]


def histories_of(packages: Mapping[str, str]) -> list[History]:
    """Core's and each module's (name and package, in wiring order).

    Those come first whose tables others refer to. Core's own tables have to be imported before.
    """
    found = [history_of(name, package) for name, package in {"core": "core", **packages}.items()]
    for one, other in permutations(found, 2):
        if one.owns(other.module):
            raise WiringError(f"Tables of {other.module} look like {one.module}'s: rename one.")
    return in_order(found)


def history_of(module: str, package: str) -> History:
    """In `migrations/<module>/` here; a module that is installed brings its own folder."""
    if find_spec(f"{package}.models"):
        import_module(f"{package}.models")
    if package.partition(".")[0] in ("core", "modules"):
        return History(module, MIGRATIONS / module)
    return History(module, Path(import_module(package).__path__[0]) / "migrations")


def in_order(found: Sequence[History]) -> list[History]:
    """By foreign keys; what they leave open, as it came."""
    waiting, ordered = list(found), list[History]()
    while waiting:
        ready = next((it for it in waiting if not needs(it, waiting)), None)
        if ready is None:
            circle = ", ".join(each.module for each in waiting)
            raise WiringError(f"Tables refer to each other in a circle: {circle}.")
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def needs(history: History, others: Sequence[History]) -> list[History]:
    """Whose tables this one's have foreign keys to."""
    own = [table for table in Base.metadata.tables.values() if history.owns(table.name)]
    targets = [key.target_fullname.split(".")[0] for table in own for key in table.foreign_keys]
    return [each for each in others if each != history and any(map(each.owns, targets))]
