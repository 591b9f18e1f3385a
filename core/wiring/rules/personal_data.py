"""The rule that the export and the erasure of a user include every table about users."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ForeignKey, Table

from core.data.models import NOTHING_PERSONAL
from core.operations.contributions import PersonalData
from core.wiring.subject import Subject


def says_what_it_holds_about_users(it: Subject) -> Iterator[str]:
    """Require a PersonalData, or a stated reason, for each table that refers to users."""
    yield from references_that_keep_users(it)
    about = [table for table in it.tables if references(table) and not reason_of(table)]
    contributed = it.contributed(PersonalData)
    named = [(data.name, table) for data in contributed for table in data.tables]
    yield from (
        f"the PersonalData {name} names the table {table}, which {it.name} does not have or which "
        "does not refer to users.id: remove it from tables=…"
        for name, table in named
        if table not in [existing.name for existing in about]
    )
    if contributed and len(about) == 1 and not named:
        return
    for table in about:
        if table.name not in [name for _, name in named]:
            yield f"{references(table)[0]} refers to users.id: {advice_about(table, contributed)}"


def references_that_keep_users(it: Subject) -> Iterator[str]:
    for table in it.tables:
        for key in users_keys(table):
            if reason_of(table) and key.ondelete not in ("CASCADE", "SET NULL"):
                column = f"{table.name}.{key.parent.name}"
                yield f'{column} keeps users from being erased: write ondelete="CASCADE"'


def advice_about(table: Table, contributed: Sequence[PersonalData]) -> str:
    if contributed:
        right = (
            f'add "{table.name}" to tables=… of the PersonalData that exports and erases its rows'
        )
    else:
        right = "contribute a PersonalData"
    reason = '__table_args__ = nothing_personal("…") from core.kit, with the reason'
    return f"{right}, or write {reason}"


def references(table: Table) -> list[str]:
    """Return the columns that refer to users."""
    return [f"{table.name}.{key.parent.name}" for key in users_keys(table)]


def users_keys(table: Table) -> list[ForeignKey]:
    keys = [key for key in table.foreign_keys if key.target_fullname == "users.id"]
    return sorted(keys, key=lambda key: key.parent.name)


def reason_of(table: Table) -> str | None:
    """Return the stated reason why the table holds no personal data, if there is one."""
    reason: str | None = table.info.get(NOTHING_PERSONAL)
    return reason
