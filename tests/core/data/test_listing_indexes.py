"""The indexes that a list declares for its orders and filters."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Index, MetaData, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.data.audit import AuditEntry
from core.data.folded import folded
from core.data.list_columns import Columns
from core.data.listing_indexes import missing_indexes
from core.data.models import NAMING
from core.data.queries import Listing


class ShelfBase(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Shelf(ShelfBase):
    __tablename__ = "shelves"
    __table_args__ = (Index(None, "height", "id"), UniqueConstraint("code"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID]
    height: Mapped[int]
    width: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(50))
    label_folded: Mapped[str] = folded("label", 50)


COLUMNS: Columns = (Shelf.height, Shelf.width, Shelf.label, Shelf.id)
FILTERS: Columns = (Shelf.owner_id, Shelf.code)


@pytest.fixture
def table() -> Iterator[Table]:
    table = ShelfBase.metadata.tables["shelves"]
    own = {*table.indexes}
    yield table
    table.indexes &= own


def names(table: Table) -> set[object]:
    return {index.name for index in table.indexes}


def test_a_list_declares_the_indexes_that_its_table_lacks(table: Table) -> None:
    for _ in range(2):
        Listing(sort=COLUMNS, filters=FILTERS)
        assert names(table) == {
            "ix_shelves_height_id",
            "ix_shelves_label_folded_id",
            "ix_shelves_owner_id_height_id",
        }


def test_the_indexes_of_a_list_begin_with_its_scope(table: Table) -> None:
    scoped = Listing(sort=COLUMNS, filters=FILTERS, scope=(Shelf.owner_id,))
    assert names(table) == {
        "ix_shelves_height_id",
        "ix_shelves_owner_id_height_id",
        "ix_shelves_owner_id_label_folded_id",
    }
    assert [*missing_indexes(scoped)] == [
        "the sort key width may be null, and no index sorts nulls last"
    ]


def test_a_list_may_leave_its_indexes_to_the_model(table: Table) -> None:
    own = Listing(sort=COLUMNS, filters=FILTERS, indexes=False)
    assert names(table) == {"ix_shelves_height_id"}
    assert [*missing_indexes(own)] == [
        "the sort key width may be null, and no index sorts nulls last",
        "the sort key label needs an index of label_folded, id",
        "the filter owner_id needs an index that begins with owner_id",
    ]


def test_a_list_adds_no_index_to_a_table_of_core() -> None:
    table = AuditEntry.__table__
    assert isinstance(table, Table)
    own = names(table)
    by_target = Listing(
        sort=(AuditEntry.at, AuditEntry.id), filters=(AuditEntry.target_kind,), default="-at"
    )
    assert names(table) == own
    assert [*missing_indexes(by_target)] == [
        "the filter target_kind needs an index that begins with target_kind"
    ]
