"""The statements by which a transaction on PostgreSQL announces what it invalidates.

They are the last of their transactions, so that the rows are locked for a short time.
"""

from sqlalchemy import ARRAY, Executable, Integer, TextClause, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from core.data.audit import RECORD_IF_CHANGED
from core.data.commits import LastStatements
from core.data.invalidation_poller import CHANNEL, COPIES, Announcement
from core.engine.sql import IF_CHANGED


def announcement(*conditions: TextClause) -> Executable:
    places = func.unnest(bindparam("places", type_=ARRAY(Integer))).column_valued()
    copy = func.mod(func.pg_backend_pid(), COPIES)
    rows = select(places, copy, 1, func.clock_timestamp()).where(*conditions)
    inserted = insert(Announcement).from_select(["place", "copy", "number", "at"], rows)
    return inserted.on_conflict_do_update(
        index_elements=[Announcement.place, Announcement.copy],
        set_={"number": Announcement.number + 1, "at": inserted.excluded.at},
    ).returning(func.pg_notify(CHANNEL, ""))


LAST_STATEMENTS = LastStatements(RECORD_IF_CHANGED, announcement(), announcement(IF_CHANGED))
