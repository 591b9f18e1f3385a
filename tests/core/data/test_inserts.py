"""An added row equals the row that is read, on both databases and without SQLAlchemy too."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.data.database import Database
from core.operations.maintenance import MaintenanceRow
from core.wiring.container import CoreContainer
from modules.users.models import User


@pytest.fixture
def db(core: CoreContainer) -> Database:
    return core.db()


async def test_it_is_there_with_what_every_row_has(db: Database) -> None:
    for number in range(3):  # the second time it is planned
        async with db.transaction() as tx:
            added = await tx.insert(
                User,
                name="Some Person",
                email=f"{number}@example.com",
                email_key=f"{number}@example.com",
                roles=("member",),
                is_active=True,
            )
        async with db.transaction() as tx:
            read = await tx.session.get_one(User, added.id)
            assert (read.version, read.roles, read.age) == (1, ("member",), None)
            assert read.created_at == read.updated_at == added.created_at


async def test_a_column_that_must_be_given_is_missed(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            await tx.insert(MaintenanceRow, enabled=True)
    async with db.read() as reads:
        assert (await reads.execute(select(MaintenanceRow.id))).all() == []
