"""Databases with tables of the tests' own, which all tests of a folder share in a process."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, MetaData

from core.data.migrations.connections import run
from core.data.models import Base, table_of
from core.testing.databases import Databases


def make_tables(url: str, own: MetaData, of_core: Sequence[type[Base]]) -> None:
    """Create the tables of the tests, and those of some models of core."""

    def create_all(connection: Connection) -> None:
        own.create_all(connection)
        Base.metadata.create_all(connection, tables=[table_of(model) for model in of_core])
        connection.commit()

    run(url, create_all)


@contextmanager
def databases_with(
    folder: Path, own: MetaData, of_core: Sequence[type[Base]]
) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(folder, stack, partial(make_tables, own=own, of_core=of_core))
