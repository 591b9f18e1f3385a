"""A revision that is written makes what the models say."""

import enum
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copy
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Computed,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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
from core.data.migrations import check, downgrade, revision, upgrade
from core.data.models import Base, Timestamped, Versioned
from core.data.search import SearchIndex
from tests.core.data.migrations.declared import ROOT, declared, stock, table
from tests.core.data.migrations.teams import Team, of

__all__ = ["stock"]


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


@pytest.mark.process
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
