"""Plans: statements that SQLAlchemy compiles once, and that the driver then executes alone.

`_result_columns` and `SimpleResultMetaData` are not SQLAlchemy's public interface. A test compares
rows with and without a plan for every type of column, and a switch of the engine turns plans off.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Executable, Select
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import UpdateBase

from core.engine.switches import COMPILED_STATEMENTS
from core.kernel.fallbacks import note_fallback

Values = Mapping[str, object]
Parameters = Sequence[object]
"""The values of a statement, as the driver takes them."""
Rows = Sequence[Sequence[object]]
Selected = Result[Any]  # Any: an Executable does not say which columns it selects
NOTHING: Values = {}


class CompiledStatement:
    """The SQL of a statement, with SQLAlchemy's processors for its values and its rows."""

    def __init__(self, compiled: Any, dialect: Dialect) -> None:
        from sqlalchemy.engine.result import SimpleResultMetaData  # not with the switch

        columns = compiled._result_columns
        types = [column.type.dialect_impl(dialect) for column in columns]
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        self.sql: str = compiled.string
        self._given = {bind.key: bind.effective_value for bind in binds if not bind.required}
        self._into = [
            (bind.key, bind.type.dialect_impl(dialect).bind_processor(dialect)) for bind in binds
        ]
        self.size = len(self._into)
        """The number of bound parameters."""
        names = [column.keyname for column in columns]
        processors = [kind.result_processor(dialect, None) for kind in types]
        self._row = SimpleResultMetaData(names, _processors=processors)
        self._columns = [*zip(names, processors, strict=True)]

    def bind(self, values: Values) -> list[object]:
        every = {**self._given, **values} if self._given else values
        return [encode(every[key]) if encode else every[key] for key, encode in self._into]

    def only(self, rows: Rows) -> dict[str, object] | None:
        """Return the values of the only row by their columns, or None if there is no row."""
        if not rows:
            return None
        [row] = rows
        return {
            name: decode(value) if decode else value
            for (name, decode), value in zip(self._columns, row, strict=True)
        }

    def result(self, rows: Rows) -> Selected:
        return IteratorResult(self._row, iter(rows))


def compile_statement(statement: Executable, dialect: Dialect) -> CompiledStatement | None:
    """Return the plan, or None if only SQLAlchemy can execute the statement.

    Such statements have IN lists, defaults, or types that only the driver knows.
    """
    if COMPILED_STATEMENTS.is_off or not isinstance(statement, Select | UpdateBase):
        return None
    try:
        compiled: Any = statement.compile(dialect=dialect)
        varying = compiled.post_compile_params or compiled.literal_execute_params
        varying = varying or (compiled.isinsert | compiled.isupdate and compiled.prefetch)
        if varying or any(bind.callable for bind in compiled.binds.values()):
            return None
        return CompiledStatement(compiled, dialect)
    # Known causes: a sequence on SQLite, a Numeric on PostgreSQL (its processor needs the cursor's
    # type), an invalid statement. SQLAlchemy then executes it or raises the error.
    except (NotImplementedError, TypeError, SQLAlchemyError) as error:
        note_fallback("unplanned", str(statement), error)
        return None
