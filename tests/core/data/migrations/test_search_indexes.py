"""Search indexes live through the migrations of their tables."""

from core.data.migrations import check, downgrade, upgrade
from tests.core.data.migrations.teams import Team, ask, do, of, schema
from tests.core.data.migrations.three_teams import stock

__all__ = ["stock"]

SEARCHED = """
op.create_table('stock_texts', sa.Column('id', sa.String(32), primary_key=True),
    sa.Column('title', sa.String(99)), sa.Column('count', sa.Integer))
op.execute("INSERT INTO stock_texts VALUES ('1', 'a green apple', 1)")
from core.data.search_tables import create_search
create_search(op, 'stock_texts', ['title'])
""".strip()
UNSEARCHED = "from core.data.search_tables import drop_search\ndrop_search(op, 'stock_texts')"
REBUILT = (
    "with op.batch_alter_table('stock_texts', recreate='auto') as texts:\n"
    "    texts.alter_column('count', nullable=False, existing_type=sa.Integer)"
)


def test_a_search_index_survives_a_rebuilt_table(url: str, stock: Team) -> None:
    stock.writes(SEARCHED, UNSEARCHED + "\nop.drop_table('stock_texts')")
    stock.writes(REBUILT)
    upgrade(url, of(stock))
    do(url, "INSERT INTO stock_texts VALUES ('2', 'a red apple', 1)")
    do(url, "DELETE FROM stock_texts WHERE id = '1'")
    if url.startswith("sqlite"):
        match = "SELECT group_concat(rowid) FROM stock_texts_search WHERE stock_texts_search MATCH"
        assert ask(url, f"{match} 'app'") == "2"
        assert ask(url, f"{match} 'gre'") is None
    assert check(url, of(stock))["stock"], "a table without a model is told of"
    assert downgrade(url, stock.history) == ["r3", "r2", "r1"]
    assert {it for it in schema(url) if it.startswith("stock")} == set()


WIDENED = (
    "with op.batch_alter_table('stock_texts', recreate='auto') as texts:\n"
    "    texts.alter_column('title', type_=sa.String(199), existing_type=sa.String(99))"
)


def test_a_searched_column_may_change_its_type(url: str, stock: Team) -> None:
    stock.writes(SEARCHED)
    stock.writes(WIDENED)
    upgrade(url, of(stock))
    do(url, "INSERT INTO stock_texts VALUES ('2', 'a red apple', 1)")
    do(url, "UPDATE stock_texts SET title = 'a GREEN pear' WHERE id = '1'")
    if url.startswith("sqlite"):
        match = "SELECT count(*) FROM stock_texts_search WHERE stock_texts_search MATCH '{}'"
    else:
        match = "SELECT count(*) FROM stock_texts WHERE search_parts(search_text) @@ '{}'::tsquery"
    found = {word: ask(url, match.format(word)) for word in ("app", "gre", "pea")}
    assert found == {"app": 1, "gre": 1, "pea": 1}


REINDEXED = """
from core.data.search_tables import create_search, drop_search
drop_search(op, 'stock_texts')
create_search(op, 'stock_texts', ['title', 'title'])
""".strip()


def test_a_search_index_of_another_form_takes_the_place_of_the_old_one(
    url: str, stock: Team
) -> None:
    stock.writes(SEARCHED)
    upgrade(url, of(stock))
    stock.writes(REINDEXED)
    upgrade(url, of(stock))
    do(url, "INSERT INTO stock_texts VALUES ('2', 'a red apple', 77)")
    if url.startswith("sqlite"):
        found = "SELECT text FROM stock_texts_search_rows WHERE id ="
        assert (ask(url, f"{found} '1'"), ask(url, f"{found} '2'")) == (
            "a green apple\na green apple",
            "a red apple\na red apple",
        )
