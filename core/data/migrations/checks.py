"""A comparison of the conditions of check constraints; alembic compares only their names.

After an import of this module alembic reports these differences and writes them into revisions.
SQLite stores a condition as it was written. PostgreSQL stores another form, which is not compared.
"""

from alembic.autogenerate import comparators, render_op_text, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    AddConstraintOp,
    DropConstraintOp,
    MigrateOperation,
    ModifyTableOps,
)
from alembic.util import PriorityDispatchResult
from sqlalchemy import CheckConstraint, Connection, Dialect, Table, inspect
from sqlalchemy.schema import conv


class ChangeCheck(MigrateOperation):
    """The operation that gives a check constraint another condition."""

    def __init__(self, before: CheckConstraint, after: CheckConstraint) -> None:
        self.before, self.after = before, after

    def reverse(self) -> "ChangeCheck":
        return ChangeCheck(self.after, self.before)

    def to_diff_tuple(self) -> tuple[object, ...]:
        return ("modify_check", None, self.after.table.name, str(self.after.name))


@comparators.dispatch_for("table")
def compare_conditions(
    context: AutogenContext,
    operations: ModifyTableOps,
    _schema: str | None,
    _name: str,
    stored: Table | None,
    declared: Table | None,
) -> PriorityDispatchResult:
    connection = context.connection
    assert connection is not None  # noqa: S101 (it is configured)
    if stored is not None and declared is not None and connection.dialect.name == "sqlite":
        before = stored_checks(connection, stored)
        for check in checks_of(declared):
            old = before.get(str(check.name))
            new = condition_of(check, connection.dialect)
            if old is not None and condition_of(old, connection.dialect) != new:
                operations.ops.append(ChangeCheck(old, check))
    return PriorityDispatchResult.CONTINUE


def stored_checks(connection: Connection, table: Table) -> dict[str, CheckConstraint]:
    return {
        str(check["name"]): CheckConstraint(check["sqltext"], name=conv(check["name"]), table=table)
        for check in inspect(connection).get_check_constraints(table.name)
        if check["name"]
    }


def checks_of(table: Table) -> list[CheckConstraint]:
    checks = [check for check in table.constraints if isinstance(check, CheckConstraint)]
    return sorted(checks, key=lambda check: str(check.name))


def condition_of(check: CheckConstraint, dialect: Dialect) -> str:
    """Return the condition with one space between words, and none beside parentheses."""
    literal = {"literal_binds": True}
    words = str(check.sqltext.compile(dialect=dialect, compile_kwargs=literal)).split()
    plain = " ".join(words).replace("( ", "(").replace(" )", ")")
    return plain[1:-1] if is_enclosed(plain) else plain


def is_enclosed(condition: str) -> bool:
    """Return whether the last character closes the parenthesis of the first."""
    depth = 0
    for place, character in enumerate(condition, 1):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place > 1 and place == len(condition)
    return False


@renderers.dispatch_for(ChangeCheck)
def render_check(context: AutogenContext, change: ChangeCheck) -> list[str]:
    removed = DropConstraintOp.from_constraint(change.before)
    added = AddConstraintOp.from_constraint(change.after)
    return [render_op_text(context, removed), render_op_text(context, added)]
