"""A list of rows, and the rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from core.data.database import Database
from core.data.queries import Listing
from core.kernel.pages import PageRequest, Rows
from tests.core.data.tables import SEARCH, Thing

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
SORT = (Thing.created_at, Thing.name, Thing.count, Thing.rank, Thing.id)
THINGS = Listing(sort=SORT, search=SEARCH, filters=(Thing.count, Thing.rank))
BARE = Listing(sort=(Thing.name, Thing.id), filters={"how_many": Thing.count}, default="name")
RANKED = Listing(sort=(Thing.rank, Thing.id), ranges=(Thing.rank,))
SELECT_ALL = select(Thing)


async def fill(db: Database, size: int = 25) -> None:
    """Add rows with many equal values in each column except the name."""
    async with db.transaction() as tx:
        for number in range(size):
            tx.session.add(
                Thing(
                    name=f"thing {number:02}",
                    count=number % 3,
                    rank=None if number % 4 == 0 else number % 5,
                    created_at=BEGINNING + timedelta(days=number // 7),
                )
            )


async def page(
    db: Database, listing: Listing = THINGS, query: Any = SELECT_ALL, **asked: Any
) -> Any:
    async with db.read() as reads:
        return await listing.page(reads, query, PageRequest(**asked), {"limit": 2})


def names(rows: Rows[Any]) -> list[str]:
    return [row.name for row in rows.items]
