"""The rule that no table about users is forgotten when a user is exported or erased."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ForeignKey, Table

from core.data.models import NOTHING_PERSONAL
from core.operations.contributions import PersonalData
from core.wiring.subject import Subject


def says_what_it_holds_about_users(it: Subject) -> Iterator[str]:
    """Require of each table that refers to users a PersonalData, or a stated reason."""
    yield from references_that_keep_users(it)
    about = [each for each in it.tables() if references(each) and not reason_of(each)]
    contributed = it.contributed(PersonalData)
    named = [(each.name, table) for each in contributed for table in each.tables]
    yield from (
        f"the PersonalData {name} names the table {table}, which {it.name} does not have or which "
        "does not refer to users.id: remove it from tables=…"
        for name, table in named
        if table not in [each.name for each in about]
    )
    if contributed and len(about) == 1 and not named:
        return
    for each in about:
        if each.name not in [table for _, table in named]:
            yield f"{references(each)[0]} refers to users.id: {advice_about(each, contributed)}"


def references_that_keep_users(it: Subject) -> Iterator[str]:
    for table in it.tables():
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
    reason = '__table_args__ = nothing_personal("…") from core.data.models, with the reason'
    return f"{right}, or write {reason}"


def references(table: Table) -> list[str]:
    """Return the columns that refer to users."""
    return [f"{table.name}.{key.parent.name}" for key in users_keys(table)]


def users_keys(table: Table) -> list[ForeignKey]:
    keys = [each for each in table.foreign_keys if each.target_fullname == "users.id"]
    return sorted(keys, key=lambda each: each.parent.name)


def reason_of(table: Table) -> str | None:
    """Return why the table holds nothing about users, if it says so."""
    reason: str | None = table.info.get(NOTHING_PERSONAL)
    return reason
