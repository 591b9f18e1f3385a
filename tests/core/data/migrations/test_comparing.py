"""Each difference between a model and the tables is one sentence, and nothing else is one."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    false,
    func,
)

from core.cli.migrate import write_in_form
from core.data.migrations import MigrationError, check, downgrade, revision, upgrade
from core.data.migrations.comparing import described, table_name_of
from tests.core.data.migrations.declared import ROOT, declared, stock, table
from tests.core.data.migrations.teams import Team, ask, of

__all__ = ["stock"]


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
    """SQLite stores a condition as written, and PostgreSQL stores its own form."""
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


@pytest.mark.parametrize("kind", ["add_table_comment", "remove_table_comment"])
def test_a_comment_of_a_table_is_told_like_other_differences(kind: str) -> None:
    """alembic compares comments only on PostgreSQL."""
    difference = (kind, Table("remarks", MetaData()), None)
    assert table_name_of(difference) == "remarks"
    told, name = described(difference, str)
    assert (told, name) == (
        "the comment of remarks is different in the migrations",
        "change_comment",
    )
