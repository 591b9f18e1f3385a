"""The statement by which a transaction on PostgreSQL announces what it invalidates."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from core.data.invalidation_poller import CHANNEL, COPIES, Announcement
from core.data.transaction import Transaction
from core.engine.sql import place_of

_places = func.unnest(bindparam("places", type_=ARRAY(Integer))).column_valued()
_announcement = insert(Announcement).from_select(
    ["place", "copy", "number", "at"],
    select(_places, func.mod(func.pg_backend_pid(), COPIES), 1, func.clock_timestamp()),
)
ANNOUNCE = _announcement.on_conflict_do_update(
    index_elements=[Announcement.place, Announcement.copy],
    set_={"number": Announcement.number + 1, "at": _announcement.excluded.at},
).returning(func.pg_notify(CHANNEL, ""))


async def announce(tx: Transaction, names: Iterable[str]) -> None:
    """Announce names by the last statement of the transaction.

    All transactions lock the rows late and in the same order, so that they wait for a short time.
    """
    await tx.execute_later(ANNOUNCE, {"places": sorted({place_of(name) for name in names})})
