"""Types of columns that keep the time zone, and those that lose it on some database."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    Interval,
    MetaData,
    String,
    Time,
    TypeDecorator,
    Uuid,
    bindparam,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeEngine

from core.data.models import Base, UtcDateTime, loses_zone, object_of
from core.kernel.contributions import WiringError
from core.wiring.histories import histories


class OwnDecorator(TypeDecorator[datetime]):
    impl = DateTime(timezone=True)
    cache_ok = True


class OverOurs(TypeDecorator[datetime]):
    impl = UtcDateTime
    cache_ok = True


@pytest.mark.parametrize(
    "kind",
    [
        DateTime(),
        DateTime(timezone=True),
        TIMESTAMP(timezone=True),
        postgresql.TIMESTAMP(timezone=True),
        Time(timezone=True),
        OwnDecorator(),
        ARRAY(DateTime(timezone=True)),
        UtcDateTime().with_variant(DateTime(timezone=True), "postgresql"),
    ],
    ids=repr,
)
def test_a_type_that_loses_the_zone(kind: TypeEngine[Any]) -> None:
    assert loses_zone(kind)


@pytest.mark.parametrize(
    "kind",
    [UtcDateTime(), OverOurs(), ARRAY(UtcDateTime()), Date(), Time(), Interval(), Integer()],
    ids=repr,
)
def test_a_type_that_keeps_it_or_has_none(kind: TypeEngine[Any]) -> None:
    assert not loses_zone(kind)


def test_every_table_of_the_core_keeps_it() -> None:
    histories()
    columns = [it for table in Base.metadata.tables.values() for it in table.columns]
    assert [str(column) for column in columns if loses_zone(column.type)] == []


def test_an_object_of_a_class_that_was_not_used_yet_has_its_values() -> None:
    class Others(DeclarativeBase):
        pass

    class Unused(Others):
        __tablename__ = "unused"

        name: Mapped[str] = mapped_column(primary_key=True)

    assert object_of(Unused, {"name": "given"}).name == "given"


class Apart(Base):
    """The base class of tables that are no part of the application."""

    __abstract__ = True
    metadata = MetaData()


class Leaf(Apart):
    __tablename__ = "leaves"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tree_id: Mapped[UUID | None] = mapped_column(ForeignKey("trees.id"))


def test_a_foreign_key_has_its_type_before_the_other_table_is_defined() -> None:
    compared = Leaf.tree_id == bindparam("tree")
    assert isinstance(compared.right.type, Uuid)


class Branch(Apart):
    __tablename__ = "branches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tree_id: Mapped[UUID] = mapped_column(ForeignKey("later_trees.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("branches.id"))
    parent: Mapped["Branch | None"] = relationship(remote_side="Branch.id")
    tree: Mapped["LaterTree"] = relationship()


class LaterTree(Apart):
    __tablename__ = "later_trees"

    id: Mapped[UUID] = mapped_column(primary_key=True)


def test_a_model_may_refer_to_itself_and_to_a_later_one() -> None:
    assert isinstance((Branch.tree_id == bindparam("tree")).right.type, Uuid)
    assert Branch.parent.property.mapper.class_ is Branch
    assert Branch.tree.property.mapper.class_ is LaterTree


def test_an_attribute_of_another_name_than_its_column_is_refused() -> None:
    with pytest.raises(WiringError, match=r"^Renamed.meta is the column metadata: give both"):

        class Renamed(Apart):
            __tablename__ = "renamed"

            id: Mapped[UUID] = mapped_column(primary_key=True)
            meta: Mapped[str | None] = mapped_column("metadata", String(10))
