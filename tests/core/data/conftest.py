from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.data.announcements import Announcement, Announcements
from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.engines import open_database
from core.data.generations import Generations
from core.data.models import Base
from tests.core.data.tables import Tables
from tests.databases import BACKENDS, postgres_database, postgres_server

OWN = [Base.metadata.tables[it.__tablename__] for it in (AuditEntry, Announcement)]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    with postgres_database(postgres_server()) as fresh:
        yield fresh


@pytest.fixture
def generations(tmp_path: Path) -> Iterator[Generations]:
    shared = Generations(tmp_path / "generations")
    yield shared
    shared.close()


@pytest.fixture
async def db(url: str, generations: Generations) -> AsyncIterator[Database]:
    database = open_database(url, generations)
    async with database.engine.begin() as connection:
        await connection.run_sync(Tables.metadata.create_all)
        await connection.run_sync(Base.metadata.create_all, tables=OWN)
    yield database
    await database.close()


@pytest.fixture
async def heard(db: Database, generations: Generations) -> None:
    """Other machines have just been asked; what is remembered counts for two seconds."""
    if generations.must_hear:
        await Announcements(db, generations).hear()
