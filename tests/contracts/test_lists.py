"""Every order and filter of every list is answered by an index, as both databases plan it."""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from litestar import Litestar
from sqlalchemy import ClauseElement, Connection, Executable, Select, bindparam, select
from sqlalchemy.ext.compiler import compiles

from core.data.listing_indexes import table_of
from core.data.queries import Listing
from core.kernel.clock import utc_now
from core.kernel.pages import PageRequest
from core.web.route_options import options_of
from core.wiring.plugin import CorePlugin
from core.wiring.routes import operations_of

ANY_VALUE: dict[type, Any] = {str: "x", bool: True, int: 1, UUID: UUID(int=0)}


def listings(app: Litestar) -> list[Listing]:
    found = [options_of(handler).listing for _, handler in operations_of(app.routes)]
    return [*dict.fromkeys(it for it in found if isinstance(it, Listing))]


def pages(listing: Listing) -> Iterator[tuple[str, Select[Any]]]:
    """Yield each order both ways, without a filter and with each, from the start and a position."""
    table = table_of(listing.sort[0])
    query = select(*table.c)
    for column in listing.scope:
        query = query.where(column == bindparam(f"scope_{column.key}"))
    own = [name for name, column in filters(listing) if getattr(column, "table", None) is table]
    for sort, name in ((s, n) for s in listing.keys for n in (None, *own)):
        for sign in ("", "-"):
            asked = PageRequest(filters={name: None} if name else {})
            narrowed = listing._narrowed(query, asked, None).query
            order = listing._order(sign + sort)
            for nulls in ((), (False,) * len(order)):
                statement = listing._statement(narrowed, order, nulls, None)
                yield f"{table.name} {sign}{sort} {name}", statement


def filters(listing: Listing) -> Iterator[tuple[str, Any]]:
    for name, column in chain(listing.filter_columns.items(), listing.range_columns.items()):
        yield name, getattr(column, "expression", column)


def value_for(column: Any) -> Any:
    kind = column.type.python_type
    return ANY_VALUE.get(kind) or utc_now()


class Explain(Executable, ClauseElement):
    """The plan of a statement, whose values are bound as ever."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def compile_explain(element: Explain, compiler: Any, **options: Any) -> str:
    explain = "EXPLAIN" if compiler.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    sql = f"{explain} {compiler.process(element.statement, **options)}"
    compiler._result_columns.clear()  # those of the plan are others
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
    """Does it sort, or walk over, more than an index has found?"""
    lines = plan.splitlines()
    scans = any(it == f"SCAN {table}" or f"Seq Scan on {table}" in it for it in lines)
    found = any(it.startswith("SEARCH") for it in lines)
    return scans or ("USE TEMP B-TREE FOR ORDER BY" in plan and not found)


async def test_each_order_and_filter_is_an_index_walk(app: Litestar) -> None:
    database = app.plugins.get(CorePlugin).container.db()
    unserved: list[str] = []

    def explain(connection: Connection) -> int:
        looked_at = 0
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        for listing in listings(app):
            for name, statement in pages(listing):
                looked_at += 1
                plan = plan_of(connection, statement)
                if reads_all(plan, name.partition(" ")[0]):
                    unserved.append(f"{name}: {plan}")
        return looked_at

    async with database.engine.connect() as connection:
        assert await connection.run_sync(explain) > 300
    assert unserved == []
