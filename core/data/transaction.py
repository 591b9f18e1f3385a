"""The unit of work: verbs that write rows, audit entries and events in one commit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Executable, inspect
from sqlalchemy.orm import DeclarativeBase

from core.data.audit import RECORD, Outcome, Target
from core.data.inserts import insert_into, with_defaults
from core.data.models import Versioned, key_of, object_of, table_of
from core.data.open_transaction import OpenTransaction
from core.data.updates import Where, change_of, delete_of, fields_of, select_locked, statement_for
from core.engine.sql import Values
from core.kernel.errors import NotFound, Stale
from core.kernel.events import Event
from core.kernel.preconditions import ANY_VERSION, IfMatch

M = TypeVar("M", bound=DeclarativeBase)
MUTABLE = (list, dict)
"""Values of JSON columns. Whether they were changed in place cannot be seen."""


class Transaction(OpenTransaction):
    """The transaction of one task. Tasks that this task starts see it, but may not join it.

    An object that a verb returns belongs to no session: a change of its attributes is not written.

    ```python
    async with db.transaction() as tx:
        note = await tx.insert(Note, audit="notes.write", owner_id=owner.id, text="Milk")
        note = await tx.update(note, {"text": "Bread"}, audit="notes.change")
        assert (note.text, note.version) == ("Bread", 2)
        await tx.delete(note, audit="notes.remove")
    ```
    """

    async def insert(self, model: type[M], /, *, audit: str | None = None, **values: object) -> M:
        """Insert a row and return it, with the id and the defaults of its table.

        The INSERT is sent with the next statement or the commit. It is sent at once if the table
        has unique values, another key than a generated `id`, or values that the database computes
        or changes. `audit` is the action of the audit entry, and requires a key of one column:
        `await tx.insert(Note, audit="notes.write", text="…")`.
        """
        if audit:
            key_of(model)  # raises TypeError before the INSERT
        given = with_defaults(model, values)
        new = insert_into(model, frozenset(given))
        bound = {f"new_{name}": value for name, value in given.items()}
        if new.returning is not None:
            given = (await self.execute(new.returning, bound)).one()._asdict()
        elif new.may_wait:
            await self.execute_later(new.insert, bound)
        else:
            await self.execute(new.insert, bound)
        row = object_of(model, given)
        if audit:
            await self.record(audit, row)
        return row

    async def get(
        self,
        model: type[M],
        key: object,
        /,
        *,
        missing: type[NotFound],
        if_match: IfMatch = ANY_VERSION,
        **where: object,
    ) -> M:
        """Lock and return the row with this primary key. Raises `missing` and Stale.

        A row that differs from `where` is missing too, such as one of another owner:
        `await tx.get(Note, note_id, owner_id=owner.id, missing=NoteNotFound, if_match=if_match)`.
        """
        statement, values = statement_for(select_locked, model, {key_of(model): key, **where})
        if (row := await first_object(self, model, statement, values)) is None:
            raise missing
        check_if_match(if_match, row)
        return row

    async def update(self, row: M, changes: Mapping[str, object], *, audit: str | None = None) -> M:
        """Change a row and return it as it is now. Raises Stale if another writer was first.

        Columns that have these values already are not written, unless an attribute of `row` was
        assigned. A list or a dict is always written, because it may have been changed in place. The
        audit entry names all columns of `changes`, except those that each change sets.
        """
        identity, assigned = identity_of(row), inspect(row).modified
        new = {
            name: value
            for name, value in changes.items()
            if assigned or isinstance(value, MUTABLE) or getattr(row, name) != value
        }
        if new:
            changed = await first_object(self, type(row), *change_of(type(row), identity, new))
            if changed is None:
                raise Stale
            row = changed
        if audit:
            await self.record(audit, row, fields=fields_of(type(row), changes))
        return row

    async def delete(self, row: DeclarativeBase, *, audit: str | None = None) -> None:
        """Delete a row. Raises Stale if another writer was first."""
        statement, values = statement_for(delete_of, type(row), identity_of(row))
        if (await self.execute(statement, values)).one_or_none() is None:
            raise Stale
        if audit:
            await self.record(audit, row)

    async def record(
        self,
        action: str,
        target: Target,
        /,
        *,
        outcome: Outcome = Outcome.success,
        **details: object,
    ) -> None:
        """Record an operation in the audit trail; the details are neither personal nor secret.

        `await tx.record("notes.share", note, with_group="family")`. A rollback removes the entry
        too, so raise the error of a recorded refusal after the block of the transaction. Raises
        RuntimeError in a savepoint of the session, whose rollback would remove the entry alone.
        """
        if self.session.in_nested_transaction():
            raise RuntimeError("Record the operation after the block of begin_nested().")
        entry = self.recorders.audit.entry(action, target, details, outcome)
        await self.execute_later(RECORD, entry)
        self.audited = True

    async def publish(self, event: Event, delay: timedelta | None = None) -> None:
        """Record an event; its listeners are called after the commit and after `delay`."""
        if self.recorders.outbox is None:
            raise RuntimeError("This database was opened without an outbox: it publishes no event.")
        await self.recorders.outbox.record(self, event, delay)


async def first_object(
    tx: Transaction, model: type[M], statement: Executable, values: Values
) -> M | None:
    """Return the object of the only row that the statement returns, or None."""
    found = (await tx.execute(statement, values)).one_or_none()
    return None if found is None else object_of(model, found._asdict())


async def change_found(
    tx: Transaction, model: type[M], found: Where, changes: Where, if_match: IfMatch
) -> M | None:
    """Change the row in one statement, or lock it if there is no change. Raises Stale."""
    if changes:
        row = await first_object(tx, model, *change_of(model, found, changes))
    else:
        row = await first_object(tx, model, *statement_for(select_locked, model, found))
    if row is not None:
        check_if_match(if_match, row, step=1 if changes else 0)
    return row


def check_if_match(if_match: IfMatch, row: DeclarativeBase, step: int = 0) -> None:
    """Check If-Match against the version before `step` changes; an error undoes them."""
    if isinstance(row, Versioned):
        if_match.check_version(row.id, row.version - step)
    else:
        if_match.check_untagged()


def identity_of(row: DeclarativeBase) -> Where:
    """Return the columns by which a row is found if it has not changed."""
    if not isinstance(row, DeclarativeBase):
        raise TypeError("A row of db.read() is only read: lock it with tx.get to change it.")
    names = [it.name for it in table_of(type(row)).primary_key.columns]
    if isinstance(row, Versioned):
        names.append("version")
    return {name: getattr(row, name) for name in names}
