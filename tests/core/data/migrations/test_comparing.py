"""Each difference between a model and the tables is one sentence, and nothing else is one."""

import enum
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copy
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from core.cli.migrate import write_in_form
from core.data.folded import folded
from core.data.indexes import PartialIndex
from core.data.migrations import MigrationError, check, downgrade, revision, upgrade
from core.data.migrations.comparing import described, table_name_of
from core.data.models import Base, Timestamped, Versioned
from core.data.search import SearchIndex
from tests.core.data.migrations.teams import Team, ask, of

ROOT = Path(__file__).parents[4]


@pytest.fixture
def stock(tmp_path: Path) -> Team:
    return Team(tmp_path, "stock")


@contextmanager
def declared(*tables: Table) -> Iterator[None]:
    try:
        yield
    finally:
        for table in tables:
            Base.metadata.remove(table)


def table(*columns: Any, name: str = "stock") -> Table:
    return Table(name, Base.metadata, Column("id", Integer, primary_key=True), *columns)


@pytest.mark.parametrize(
    ("stored", "columns", "sentence"),
    [
        (
            "",
            lambda: [Column("name", String(9))],
            "stock.name is in the model and in no migration: add_name",
        ),
        (
            "sa.Column('name', sa.String(9))",
            lambda: [],
            "stock.name is in the database and in no model: drop_name",
        ),
        (
            "sa.Column('name', sa.String(9))",
            lambda: [Column("name", String(20))],
            "stock.name is VARCHAR(20) in the model and VARCHAR(9) in the migrations: change_name",
        ),
        (
            "sa.Column('name', sa.String(9))",
            lambda: [Column("name", String(9), nullable=False)],
            "stock.name may be null in the migrations and not in the model: change_name",
        ),
        (
            "sa.Column('name', sa.String(9), nullable=False)",
            lambda: [Column("name", String(9))],
            "stock.name may be null in the model and not in the migrations: change_name",
        ),
        (
            "sa.Column('name', sa.String(9))",
            lambda: [Column("name", String(9), index=True)],
            "the index ix_stock_name of stock is in the model and in no migration:"
            " add_ix_stock_name",
        ),
        (
            "sa.Column('name', sa.String(9)), sa.Index('ix_old', 'name')",
            lambda: [Column("name", String(9))],
            "the index ix_old of stock is in the database and in no model: drop_ix_old",
        ),
        (
            "sa.Column('name', sa.String(9))",
            lambda: [Column("name", String(9), unique=True)],
            "the constraint uq_stock_name of stock is in the model and in no migration:"
            " add_uq_stock_name",
        ),
        (
            "sa.Column('in_id', sa.Integer)",
            lambda: [Column("in_id", Integer, ForeignKey("stock.id"))],
            "the foreign key fk_stock_in_id of stock is in the model and in no migration:"
            " add_fk_stock_in_id",
        ),
        (
            "sa.Column('count', sa.Integer)",
            lambda: [Column("count", Integer, server_default="1")],
            "the default of stock.count is different in the migrations: change_count",
        ),
        (
            "sa.Column('count', sa.Integer, server_default='1')",
            lambda: [Column("count", Integer)],
            "the default of stock.count is different in the migrations: change_count",
        ),
        (
            "sa.Column('name', sa.String(9), server_default='it')",
            lambda: [Column("name", String(9), server_default="it's")],
            "the default of stock.name is different in the migrations: change_name",
        ),
        (
            "sa.Column('count', sa.Integer)",
            lambda: [Column("count", Integer), CheckConstraint("count > 0", name="positive")],
            "the constraint ck_stock_positive of stock is in the model and in no migration:"
            " add_ck_stock_positive",
        ),
        (
            "sa.Column('count', sa.Integer), sa.CheckConstraint('count > 0', name='old')",
            lambda: [Column("count", Integer)],
            "the constraint ck_stock_old of stock is in the database and in no model:"
            " drop_ck_stock_old",
        ),
    ],
    ids=[
        *("more", "fewer", "type", "not null", "null", "index", "old index"),
        *("unique", "foreign key", "default", "old default", "other default", "check", "old check"),
    ],
)
def test_a_difference_is_one_sentence(
    url: str, stock: Team, stored: str, columns: Callable[[], list[Column[Any]]], sentence: str
) -> None:
    stock.makes("stock", *([stored] if stored else []))
    upgrade(url, of(stock))
    with declared(table(*columns())):
        told = check(url, of(stock))["stock"]
    what, _, name = sentence.rpartition(": ")
    assert [it.sentence for it in told] == [f"{what}: run `atrium revision stock {name}`."]
    assert [it.breaks for it in told] == [name != "drop_ix_old"]


@pytest.mark.parametrize(
    ("stored", "columns"),
    [
        (
            "sa.Column('done', sa.Boolean, server_default=sa.text('false'))",
            lambda: [Column("done", Boolean, server_default=false())],
        ),
        (
            "sa.Column('count', sa.BigInteger, server_default=sa.text('(1 + 1)'))",
            lambda: [Column("count", BigInteger, server_default="2")],
        ),
        (
            "sa.Column('data', sa.JSON, server_default='{}')",
            lambda: [Column("data", JSON, server_default="{}")],
        ),
        (
            "sa.Column('name', sa.String(9), server_default=\"it's: %\")",
            lambda: [Column("name", String(9), server_default="it's: %")],
        ),
        (
            "sa.Column('at', sa.DateTime(timezone=True), server_default=sa.func.now())",
            lambda: [Column("at", DateTime(timezone=True), server_default=func.now())],
        ),
        (
            "sa.Column('price', sa.Numeric(10, 2), server_default='1.50')",
            lambda: [Column("price", Numeric(10, 2), server_default="1.50")],
        ),
        (
            "sa.Column('count', sa.Integer), sa.CheckConstraint('(count  >  0)', name='positive')",
            lambda: [Column("count", Integer), CheckConstraint("count > 0", name="positive")],
        ),
        (
            "sa.Column('good', sa.Boolean)",
            lambda: [Column("good", Boolean(create_constraint=True, name="good"))],
        ),
    ],
    ids=["boolean", "sum", "json", "text", "time", "number", "check", "check of a type"],
)
def test_what_is_written_otherwise_is_no_difference(
    url: str, stock: Team, stored: str, columns: Callable[[], list[Column[Any]]]
) -> None:
    stock.makes("stock", stored)
    upgrade(url, of(stock))
    with declared(table(*columns())):
        assert check(url, of(stock)) == {"stock": []}


def test_another_condition_of_a_check_is_told_and_written(
    url: str, stock: Team, tmp_path: Path
) -> None:
    """SQLite keeps a condition as it was written, and PostgreSQL in a form of its own."""
    copy(ROOT / "pyproject.toml", tmp_path)
    stock.makes(
        "stock",
        "sa.Column('count', sa.Integer)",
        "sa.CheckConstraint('count > 0', name='positive')",
    )
    upgrade(url, of(stock))
    columns = Column("count", Integer), CheckConstraint("count >= 1", name="positive")
    with declared(table(*columns)):
        told = [each.sentence for each in check(url, of(stock))["stock"]]
        if url.startswith("postgresql"):
            assert told == []
            return
        assert told == [
            "the constraint ck_stock_positive of stock is different in the migrations:"
            " run `atrium revision stock change_ck_stock_positive`."
        ]
        write_in_form(revision(url, stock.history, "change ck_stock_positive"))
        upgrade(url, of(stock))
        assert check(url, of(stock)) == {"stock": []}
    downgrade(url, stock.history, "r1")
    assert "count > 0" in ask(url, "SELECT sql FROM sqlite_master WHERE name = 'stock'")


def test_written_defaults_and_checks_make_what_the_models_say(
    url: str, stock: Team, tmp_path: Path
) -> None:
    copy(ROOT / "pyproject.toml", tmp_path)
    stock.makes("stock", "sa.Column('name', sa.String(9))", "sa.Column('count', sa.Integer)")
    upgrade(url, of(stock))
    columns = (
        Column("name", String(9), server_default="it's"),
        Column("count", Integer, server_default=text("1 + 1")),
        CheckConstraint("count > 0", name="positive"),
    )
    with declared(table(*columns)):
        assert len(check(url, of(stock))["stock"]) == 3
        write_in_form(revision(url, stock.history, "more"))
        upgrade(url, of(stock))
        assert check(url, of(stock)) == {"stock": []}


def test_a_table_that_one_side_lacks_is_one_sentence(url: str, stock: Team) -> None:
    stock.makes("stock_old", "sa.Column('name', sa.String(9), index=True)")
    upgrade(url, of(stock))
    with declared(table(Column("name", String(9), index=True), name="stock_new")):
        told = {it.sentence: it.breaks for it in check(url, of(stock))["stock"]}
    assert told == {
        "the table stock_new is in the model and in no migration:"
        " run `atrium revision stock add_stock_new`.": True,
        "the table stock_old is in the database and in no model:"
        " run `atrium revision stock drop_stock_old`.": False,
    }


def test_each_module_hears_of_its_own_tables(url: str, stock: Team, tmp_path: Path) -> None:
    wishes = Team(tmp_path, "wishes")
    with declared(table(), table(name="wishes"), table(name="others")):
        told = check(url, of(stock, wishes))
    assert [(name, len(found)) for name, found in told.items()] == [("stock", 1), ("wishes", 1)]


def test_a_foreign_key_to_no_table_is_one_sentence(url: str, stock: Team) -> None:
    with (
        declared(table(Column("in_id", Integer, ForeignKey("stcok.id")))),
        pytest.raises(MigrationError, match=r"'stock.in_id' could not find table 'stcok': correct"),
    ):
        check(url, of(stock))


class Words(TypeDecorator[tuple[str, ...]]):
    impl = String(2000)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return " ".join(value) if value else None


class Mood(enum.Enum):
    good = "good"
    bad = "bad"


def every_kind() -> list[Table]:
    """Declare tables with every kind of column and index that models have."""
    apart = registry(metadata=Base.metadata, type_annotation_map=Base.registry.type_annotation_map)

    class Model(Versioned, Timestamped):
        pass

    @apart.mapped
    class Place(Model):
        __tablename__ = "stock_places"

        name: Mapped[str] = mapped_column(String(50), unique=True)

    @apart.mapped
    class Thing(Model):
        __tablename__ = "stock"
        __table_args__ = (
            Index("ix_stock_title_folded_id", "title_folded", "id"),
            PartialIndex("ix_stock_named", "title", where=text("title <> ''")),
            Index("ix_stock_lower", func.lower(text("title"))),
            CheckConstraint("count > 0", name="positive"),
            UniqueConstraint("title", "count"),
        )

        title: Mapped[str] = mapped_column(String(100))
        title_folded: Mapped[str] = folded("title", 100)
        long: Mapped[str] = mapped_column(Text)
        count: Mapped[int] = mapped_column(server_default=text("1"))
        small: Mapped[int] = mapped_column(SmallInteger)
        ratio: Mapped[float]
        price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
        done: Mapped[bool] = mapped_column(server_default=false())
        shown: Mapped[bool] = mapped_column(server_default=true())
        data: Mapped[dict[str, Any]] = mapped_column(JSON)
        more: Mapped[dict[str, Any]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
        mood: Mapped[Mood] = mapped_column(Enum(Mood, native_enum=False, length=20))
        day: Mapped[date]
        hour: Mapped[time]
        span: Mapped[timedelta]
        sold_at: Mapped[datetime | None] = mapped_column(index=True)
        words: Mapped[tuple[str, ...]] = mapped_column(Words)
        digest: Mapped[bytes] = mapped_column(LargeBinary(32))
        place_id: Mapped[UUID] = mapped_column(ForeignKey("stock_places.id", ondelete="CASCADE"))
        next_count: Mapped[int] = mapped_column(Computed("count + 1", persisted=True))

    return [Base.metadata.tables[name] for name in ("stock", "stock_places")]


def test_a_written_revision_is_in_form_and_makes_what_the_models_say(
    url: str, stock: Team, tmp_path: Path
) -> None:
    copy(ROOT / "pyproject.toml", tmp_path)
    with declared(*every_kind()):
        first = revision(url, stock.history, "every kind")
        write_in_form(first)
        upgrade(url, of(stock))
        assert check(url, of(stock)) == {"stock": []}
        written = first.read_text()
    assert "=sa.false()" in written and "=sa.true()" in written
    assert "DateTime()" not in written and "tests" not in written and "core" not in written
    types = [["mypy", "--strict"]] if url.startswith("sqlite") else []
    for tool in (["ruff", "format", "--check"], ["ruff", "check"], *types):
        done = subprocess.run(
            [sys.executable, "-m", *tool, first.name],
            capture_output=True,
            text=True,
            cwd=first.parent,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def searched(*names: str) -> Table:
    """Declare a table with a search index of these columns."""
    known = Base.registry.type_annotation_map

    class Apart(DeclarativeBase):
        registry = registry(metadata=Base.metadata, type_annotation_map=known)

    class Thing(Versioned, Apart):
        __tablename__ = "stock"

        title: Mapped[str] = mapped_column(String(100))
        body: Mapped[str | None] = mapped_column(Text)

    SearchIndex(Thing, [getattr(Thing, name) for name in names])
    return Base.metadata.tables["stock"]


def test_a_search_index_that_no_migration_makes_is_told_and_written(url: str, stock: Team) -> None:
    with declared(searched()):
        revision(url, stock.history, "first")
        upgrade(url, of(stock))
        assert check(url, of(stock)) == {"stock": []}
    told = []
    for names in (["title"], ["title", "body"], ["body", "title"]):
        with declared(searched(*names)):
            (difference,) = check(url, of(stock))["stock"]
            told.append(difference.sentence)
            assert difference.breaks
            revision(url, stock.history, f"search {len(told)}")
            upgrade(url, of(stock))
            assert check(url, of(stock)) == {"stock": []}
    over = "the search index of stock is over {} in the model and {} in the migrations"
    assert told == [
        "the search index of stock is in the model and in no migration:"
        " run `atrium revision stock add_search`.",
        f"{over.format('title, body', 'title')}: run `atrium revision stock change_search`.",
        f"{over.format('body, title', 'title, body')}: run `atrium revision stock change_search`.",
    ]


def test_a_table_is_made_with_its_search_index_and_goes_with_it(
    url: str, stock: Team, tmp_path: Path
) -> None:
    copy(ROOT / "pyproject.toml", tmp_path)
    with declared(searched("title")):
        first = revision(url, stock.history, "first")
        write_in_form(first)
        assert "info=" not in first.read_text()
        upgrade(url, of(stock))
        assert check(url, of(stock)) == {"stock": []}
        downgrade(url, stock.history, "base")
        (difference,) = check(url, of(stock))["stock"]
    assert difference.sentence.startswith("the table stock is in the model and in no migration")
    style = [sys.executable, "-m", "ruff", "check", first.name]
    assert subprocess.run(style, cwd=first.parent, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["add_table_comment", "remove_table_comment"])
def test_a_comment_of_a_table_is_told_like_other_differences(kind: str) -> None:
    """alembic compares comments on PostgreSQL alone."""
    difference = (kind, Table("remarks", MetaData()), None)
    assert table_name_of(difference) == "remarks"
    told, name = described(difference, str)
    assert (told, name) == (
        "the comment of remarks is different in the migrations",
        "change_comment",
    )
