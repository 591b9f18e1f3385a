"""Rows that a test finds by their names."""

from sqlalchemy import bindparam, insert, select

from core.data.database import Database
from core.kernel.errors import Conflict
from tests.core.data.tables import THINGS, Thing

NAMES = select(Thing.name).order_by(Thing.name)
COUNT = select(Thing.count).where(Thing.name == bindparam("wanted"))

NEW = insert(THINGS).values(version=1, count=0, body="")


class Refused(Conflict):
    code = "tests.refused"
    title = "Refused."


async def add(db: Database, name: str, failing: bool = False) -> None:
    async with db.transaction() as tx:
        tx.session.add(Thing(name=name))
        await tx.session.flush()
        if failing:
            raise Refused


async def names(db: Database) -> list[str]:
    async with db.read() as reads:
        return list(await reads.scalars(NAMES))
