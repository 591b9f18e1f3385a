"""Every order and filter of every list uses an index, in the plans of both databases."""

from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from litestar import Litestar
from sqlalchemy import ClauseElement, Connection, Executable, Select, bindparam, select
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.ext.compiler import compiles

from core.data.keyset import to_json
from core.data.listing_indexes import table_of_column
from core.data.queries import Listing
from core.engine.sql import NOTHING, ReadConnection, Values
from core.kernel.clock import utc_now
from core.kernel.pages import PageRequest
from core.web.route_options import options_of
from core.wiring.plugin import CorePlugin
from core.wiring.routes import operations_of

ANY_VALUE: dict[type, Any] = {str: "x", bool: True, int: 1, UUID: UUID(int=0)}


def listings(app: Litestar) -> list[Listing]:
    found = [options_of(handler).listing for _, handler in operations_of(app.routes)]
    return [*dict.fromkeys(it for it in found if isinstance(it, Listing))]


class Answerless(ReadConnection):
    """A read connection that returns no rows, and keeps the statement."""

    statement: Select[Any]

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]:
        assert isinstance(statement, Select)
        self.statement = statement
        return IteratorResult(SimpleResultMetaData(()), iter(()))


async def pages(listing: Listing) -> AsyncIterator[tuple[str, Select[Any]]]:
    """Yield each order both ways, without a filter and with each, from the start and a position."""
    reads = Answerless()
    table = table_of_column(listing.sort[0])
    query = select(*table.c)
    for column in listing.scope:
        query = query.where(column == bindparam(f"scope_{column.key}"))
    own = [name for name, column in filters(listing) if getattr(column, "table", None) is table]
    for sort, name in ((s, n) for s in listing.keys for n in (None, *own)):
        for sign in ("", "-"):
            for after in (None, position(listing, sort)):
                asked = PageRequest(
                    sort=sign + sort,
                    filters={name: None} if name else {},
                    by_cursor=True,
                    after=after,
                    with_total=False,
                )
                await listing.page(reads, query, asked)
                yield f"{table.name} {sign}{sort} {name}", reads.statement


def position(listing: Listing, sort: str) -> tuple[Any, ...]:
    """Return a position in this order, which the id completes."""
    columns = {column.key: column for column in listing.sort}
    return tuple(to_json(value_for(columns[key])) for key in dict.fromkeys((sort, [*columns][-1])))


def filters(listing: Listing) -> Iterator[tuple[str, Any]]:
    for name, column in chain(listing.filter_columns.items(), listing.range_columns.items()):
        yield name, getattr(column, "expression", column)


def value_for(column: Any) -> Any:
    kind = column.type.python_type
    return ANY_VALUE.get(kind) or utc_now()


class Explain(Executable, ClauseElement):
    """The plan of a statement, with the values bound as usual."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def compile_explain(element: Explain, compiler: Any, **options: Any) -> str:
    explain = "EXPLAIN" if compiler.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    sql = f"{explain} {compiler.process(element.statement, **options)}"
    compiler._result_columns.clear()  # the plan has other columns
    return sql


def plan_of(connection: Connection, statement: Select[Any]) -> str:
    binds = statement.compile(dialect=connection.dialect).binds
    values = {
        name: 1 if name.startswith("listing_") else value_for(bind)
        for name, bind in binds.items()
        if bind.required
    }
    return "\n".join(str(row[-1]) for row in connection.execute(Explain(statement), values))


def reads_all(plan: str, table: str) -> bool:
    """Return whether the plan sorts, or scans more rows than an index has found."""
    lines = plan.splitlines()
    scans = any(it == f"SCAN {table}" or f"Seq Scan on {table}" in it for it in lines)
    found = any(it.startswith("SEARCH") for it in lines)
    return scans or ("USE TEMP B-TREE FOR ORDER BY" in plan and not found)


async def test_each_order_and_filter_is_an_index_walk(app: Litestar) -> None:
    database = app.plugins.get(CorePlugin).container.db()
    unserved: list[str] = []

    statements = [it for listing in listings(app) async for it in pages(listing)]
    assert len(statements) > 300

    def explain(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        for name, statement in statements:
            plan = plan_of(connection, statement)
            if reads_all(plan, name.partition(" ")[0]):
                unserved.append(f"{name}: {plan}")

    async with database.engine.connect() as connection:
        await connection.run_sync(explain)
    assert unserved == []
