"""The rules for the tables of a module and its migrations."""

import ast
from collections.abc import Iterator
from pathlib import Path

from core.data.migrations.revisions import history_of
from core.data.models import loses_zone
from core.wiring.subject import Subject


def prefixes_its_tables(it: Subject) -> Iterator[str]:
    """Require the module's name as prefix: revisions and comparisons omit other tables."""
    for table in it.tables:
        if not it.owns(table.name):
            yield f"the table {table.name} lacks the prefix: name it {it.name} or {it.name}_…"


def refers_only_to_itself_and_to_users(it: Subject) -> Iterator[str]:
    for table in it.tables:
        for key in table.foreign_keys:
            target = key.target_fullname
            if target != "users.id" and not it.owns(target.partition(".")[0]):
                column = f"{table.name}.{key.parent.name}"
                yield f"{column} refers to {target}: store the id without a foreign key"


def keeps_times_with_their_zone(it: Subject) -> Iterator[str]:
    """Require types that keep the time zone: in SQLite, 9:00 in Seoul would equal 9:00 in UTC."""
    for table in it.tables:
        for column in table.columns:
            if loses_zone(column.type):
                kind = type(column.type).__name__
                yield (
                    f"{table.name}.{column.name} is a {kind}, which loses the time zone: write "
                    "Mapped[datetime] without a type"
                )


def keeps_zones_in_its_migrations(it: Subject) -> Iterator[str]:
    for file in history_of(it.name, it.package).files:
        for line in sorted(lines_without_time_zone(file)):
            yield f"{file}, line {line} has no time zone: write sa.DateTime(timezone=True)"


def lines_without_time_zone(file: Path) -> Iterator[int]:
    """Yield the lines with a date-time type of SQLAlchemy that lacks `timezone=True`."""
    tree = ast.parse(file.read_bytes())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    right = [call.func for call in calls if any(map(keeps_zone, call.keywords))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and node not in right:
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in ("DateTime", "TIMESTAMP", "DATETIME"):
                yield node.lineno


def keeps_zone(keyword: ast.keyword) -> bool:
    is_true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    return keyword.arg == "timezone" and is_true
