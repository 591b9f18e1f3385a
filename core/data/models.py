"""The base classes and the column types of all tables."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from inspect import get_annotations
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Dialect,
    Interval,
    MetaData,
    Table,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, class_mapper, declared_attr, mapped_column
from sqlalchemy.sql.schema import CallableColumnDefault
from sqlalchemy.types import NullType, TypeEngine

from core.kernel.clock import utc_now
from core.kernel.contributions import WiringError
from core.kernel.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A timestamp with microseconds, always aware and in UTC, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True
    python_type = datetime

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        return to_text if dialect.name == "sqlite" else to_utc

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], datetime | None] | None:
        return from_text if dialect.name == "sqlite" else None


def to_utc(timestamp: datetime | None) -> datetime | None:
    if timestamp and timestamp.tzinfo is None:
        raise ValueError("A timestamp needs a time zone, such as UTC.")
    return timestamp.astimezone(UTC) if timestamp else None


def to_text(timestamp: datetime | None) -> str | None:
    """Return the timestamp as text of fixed width, so that text order equals time order."""
    utc = to_utc(timestamp)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds") if utc else None


def from_text(text: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{text}+00:00") if text else None


def loses_zone(kind: TypeEngine[object]) -> bool:
    """Return whether some database stores a value of this type without its time zone."""
    if any(map(loses_zone, kind._variant_mapping.values())):
        return True
    match kind:
        case UtcDateTime() | Interval():
            return False
        case TypeDecorator():
            return loses_zone(kind.impl_instance)
        case ARRAY():
            return loses_zone(kind.item_type)
        case Time():
            return kind.timezone
    return isinstance(kind, DateTime)


NOTHING_PERSONAL = "nothing_personal"


def nothing_personal(reason: str) -> dict[str, Any]:  # Any: arguments of a Table
    """Return the `__table_args__` of a table that refers to users and has no personal data.

    Put other arguments before it: `__table_args__ = (Index(…), nothing_personal("…"))`.

    ```python
    class NoteOfTheDay(Base):
        __tablename__ = "notes_of_the_day"
        __table_args__ = nothing_personal("The audit trail has the user who chose the note.")

        day: Mapped[datetime] = mapped_column(primary_key=True)
        chosen_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ```
    """
    return {"info": {NOTHING_PERSONAL: reason}}


class Base(DeclarativeBase):
    """The base class of all tables, SQLAlchemy's `DeclarativeBase`.

    `Mapped[datetime]` is an aware time in UTC, and `Mapped[int]` has 64 bits, on both databases.

    ```python
    class Tag(Base):
        __tablename__ = "notes_tags"

        name: Mapped[str] = mapped_column(String(50), primary_key=True)
        used_at: Mapped[datetime | None]
    ```
    """

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[object, object]] = {datetime: UtcDateTime, int: BigInteger}

    def __init_subclass__(cls, **options: object) -> None:
        """Give each `Mapped[UUID]` with a foreign key its type at once.

        SQLAlchemy takes it from the column that the key refers to. Until that table is defined, a
        parameter that is compared with the column would have no type and keep none.

        Raises WiringError for an attribute that has another name than its column: the verbs of a
        transaction know columns only.
        """
        super().__init_subclass__(**options)
        if "__table__" not in cls.__dict__:
            return
        for name, column in cls.__mapper__.columns.items():
            if name != column.name:
                place = f"{cls.__name__}.{name}"
                raise WiringError(f"{place} is the column {column.name}: give both one name.")
            if isinstance(column.type, NullType) and mentions_uuid(hint_of(cls, column.key)):
                column.type = Uuid()


def hint_of(cls: type, name: str) -> object:
    """Return the type of one attribute, or None if it names a class that is not defined yet."""
    with suppress(NameError):
        for owner in cls.__mro__:
            if hint := get_annotations(owner).get(name):
                single = SimpleNamespace(__annotations__={name: hint})
                return get_type_hints(single, vars(sys.modules[owner.__module__]))[name]
    return None


def mentions_uuid(hint: object) -> bool:
    """Return True for `Mapped[UUID]` and `Mapped[UUID | None]`."""
    return hint is UUID or any(map(mentions_uuid, get_args(hint)))


M = TypeVar("M", bound=DeclarativeBase)


def table_of(model: type[DeclarativeBase]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 (a mapped class has one)
    return table


def object_of(model: type[M], values: Mapping[str, object]) -> M:
    """Return an object with the values of a row, made like those that the ORM loads.

    It costs a twentieth of the constructor, which SQLAlchemy instruments for each attribute.
    """
    row = class_mapper(model).class_manager.new_instance()  # configures the mapper first
    row.__dict__.update(values)
    return row


ColumnFunction = Callable[[Any], object]  # Any: the context is that of SQLAlchemy or a row's values


def functions_of(
    table: Table, kind: Literal["default", "onupdate"]
) -> Mapping[str, ColumnFunction]:
    """Return the functions that compute columns of a new or of a changed row."""
    generators = {column.name: getattr(column, kind) for column in table.c}
    return {
        name: generator.arg
        for name, generator in generators.items()
        if isinstance(generator, CallableColumnDefault)
    }


@lru_cache(1000)
def key_of(model: type[DeclarativeBase]) -> str:
    """Return the name of the primary key. Raises TypeError if it is several columns."""
    keys = [it.name for it in table_of(model).primary_key.columns]
    if len(keys) != 1:
        raise TypeError(f"{model.__name__} has a key of {len(keys)} columns: a verb takes one.")
    return keys[0]


class Identified:
    """A row with an id from its creation, so that an event can contain it before the INSERT.

    ```python
    class Reminder(Identified, Base):
        __tablename__ = "notes_reminders"

    assert Reminder().id < Reminder().id
    ```
    """

    __tablename__: str
    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)

    def __init__(self, **values: object) -> None:
        super().__init__(**{"id": uuid7()} | values)


class Versioned(Identified):
    """A row with an id and the number of its changes, from which its ETag is made.

    A write that would overwrite a change of another transaction raises Stale.

    ```python
    class Draft(Versioned, Base):
        __tablename__ = "notes_drafts"

        text: Mapped[str] = mapped_column(String(2_000))
    ```
    """

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, object]:
        return {"version_id_col": cls.version}


def as_created(context: Any) -> datetime:
    """Return `created_at`, so that `updated_at` equals it until the first change."""
    created: datetime = context.get_current_parameters()["created_at"]
    return created


class Timestamped:
    """A row with the times of its creation and of its last change.

    ```python
    class Snippet(Versioned, Timestamped, Base):
        __tablename__ = "notes_snippets"

    columns = Snippet.__table__.columns.keys()
    assert columns == ["id", "version", "created_at", "updated_at"]
    ```
    """

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=as_created, onupdate=utc_now)
