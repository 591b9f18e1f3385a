"""Modules of other teams for the database: revisions in a folder of their own."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from core.data.migrations.connections import run
from core.data.migrations.revisions import History


class Team:
    """A team that writes one revision after another."""

    def __init__(self, folder: Path, module: str) -> None:
        self.folder = folder / module
        self.folder.mkdir(parents=True, exist_ok=True)
        self.module = module
        self.count = 0

    @property
    def history(self) -> History:
        """Return the current history, which reads its folder once."""
        return History(self.module, self.folder)

    def writes(self, up: str, down: str = "") -> str:
        """Write a revision, whose id another team may have used too."""
        before, self.count = self.count, self.count + 1
        lines = [
            "import sqlalchemy as sa",
            "from alembic import op",
            f"revision = 'r{self.count}'",
            f"down_revision = {f'r{before}' if before else None!r}",
            *("def upgrade():", *indented(up), "def downgrade():", *indented(down or "pass")),
        ]
        (self.folder / f"r{self.count}.py").write_text("\n".join(lines))
        return f"r{self.count}"

    def makes(self, table: str, *columns: str) -> str:
        every = ", ".join(["sa.Column('id', sa.Integer, primary_key=True)", *columns])
        return self.writes(f"op.create_table({table!r}, {every})", f"op.drop_table({table!r})")


def indented(code: str) -> list[str]:
    return [f"    {line}" for line in code.split("\n")]


def of(*teams: Team) -> list[History]:
    return [team.history for team in teams]


def do(url: str, *statements: str) -> None:
    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()

    run(url, work)


def ask(url: str, query: str) -> Any:
    return run(url, lambda connection: connection.scalar(text(query)))


def schema(url: str) -> dict[str, Any]:
    """Return the schema that the database reports, without the order."""
    return run(url, described)


def described(connection: Connection) -> dict[str, Any]:
    database = inspect(connection)
    return {
        table: {
            "columns": {each["name"]: repr(each) for each in database.get_columns(table)},
            "key": repr(database.get_pk_constraint(table)),
            "indexes": sorted(map(repr, database.get_indexes(table))),
            "unique": sorted(map(repr, database.get_unique_constraints(table))),
            "foreign": sorted(map(repr, database.get_foreign_keys(table))),
        }
        for table in database.get_table_names()
    }
