"""Faults of the database, which a test switches on for a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from core.engine.sql import DatabaseBusy
from core.wiring.container import CoreContainer


@contextmanager
def without_database(core: CoreContainer) -> Iterator[None]:
    """Raise DatabaseBusy, as without a connection, for each read and each transaction."""
    with refusing(core, "read", "transaction", "separate"):
        yield


@contextmanager
def read_only_database(core: CoreContainer) -> Iterator[None]:
    """Raise DatabaseBusy for each transaction; reads go on."""
    with refusing(core, "transaction", "separate"):
        yield


@contextmanager
def refusing(core: CoreContainer, *methods: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in methods:
            patch.setattr(core.db(), name, refuse)
        yield


def refuse() -> NoReturn:
    raise DatabaseBusy
