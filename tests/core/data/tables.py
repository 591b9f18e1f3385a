"""Tables of no module, separate from the project's own, for tests of core."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.data.folded import folded
from core.data.models import NAMING, Base, Timestamped, UtcDateTime, Versioned
from core.data.search import SearchIndex
from core.kernel.ids import uuid7


class Tables(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = Base.type_annotation_map


class Thing(Versioned, Timestamped, Tables):
    __tablename__ = "things"

    name: Mapped[str] = mapped_column(String(200), unique=True)
    count: Mapped[int] = mapped_column(default=0)
    rank: Mapped[int | None]
    body: Mapped[str] = mapped_column(String(10_000), default="")


THINGS = Tables.metadata.tables["things"]


class Part(Versioned, Tables):
    __tablename__ = "parts"

    thing_id: Mapped[UUID] = mapped_column(ForeignKey(Thing.id))


class Word(Versioned, Timestamped, Tables):
    __tablename__ = "words"

    text: Mapped[str] = mapped_column(String(100))
    text_folded: Mapped[str] = folded("text", 100)

    hint: Mapped[str | None] = mapped_column(String(100))
    hint_folded: Mapped[str | None] = folded("hint", 100)


WORDS = Tables.metadata.tables["words"]


class Screw(Tables):
    """A row that is deleted with its parent."""

    __tablename__ = "screws"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    thing_id: Mapped[UUID] = mapped_column(ForeignKey(Thing.id, ondelete="CASCADE"))


class Note(Tables):
    """A row that outlives its screw, as the rows that refer to it do."""

    __tablename__ = "notes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    screw_id: Mapped[UUID | None] = mapped_column(ForeignKey(Screw.id, ondelete="SET NULL"))


class Answer(Tables):
    __tablename__ = "answers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    note_id: Mapped[UUID] = mapped_column(ForeignKey(Note.id, ondelete="CASCADE"))


SEARCH = SearchIndex(Thing, (Thing.name, Thing.body))


class Mood(Enum):
    calm = "c"
    wild = "w"


class Kind(Tables):
    """A row with a column of each type that a plan converts."""

    __tablename__ = "kinds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    on: Mapped[bool]
    mood: Mapped[Mood]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    bytes: Mapped[bytes]
    ratio: Mapped[float | None]
    big: Mapped[int] = mapped_column(BigInteger)


class Seat(Versioned, Tables):
    __tablename__ = "seats"
    __table_args__ = (UniqueConstraint("row", "number"),)

    row: Mapped[str] = mapped_column(String(2))
    number: Mapped[int]


class Tag(Tables):
    """A row with a key of one text."""

    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)


class Pair(Tables):
    """A row with a key of two columns."""

    __tablename__ = "pairs"

    left: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    right: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Ticket(Tables):
    """A row with a key that the database generates."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    note: Mapped[str | None] = mapped_column(String(50))


class Plan(Versioned, Tables):
    """A row with a mutable value."""

    __tablename__ = "plans"

    steps: Mapped[dict[str, Any]] = mapped_column(JSON)
