"""Rows with texts, and the ways to search them."""

from typing import Any

from sqlalchemy import select

from core.data.database import Database
from core.data.queries import Listing
from core.kernel.pages import PageRequest
from tests.core.data.tables import SEARCH, Thing

INDEXED = Listing(sort=(Thing.name, Thing.id), search=SEARCH, default="name")
SCANNED = Listing(sort=(Thing.name, Thing.id), search=(Thing.name, Thing.body), default="name")
NARROWED = Listing(sort=(Thing.name, Thing.id), search=SEARCH, filters=(Thing.name,))
SELECT_ALL = select(Thing)

TEXTS = {
    "percent": "100% sure",
    "underscore": "snake_case",
    "backslash": r"C:\temp and / more",
    "quotes": """she said "hello" and 'bye'""",
    "operators": "NEAR(a b) AND NOT c* OR -d ^e {f} (g)",
    "umlauts": "ÄÖÜ straße ÉCOLE",
    "greek": "ΑΒΓ ΔΕΖ",
    "emoji": "a 🎉 party 🎉",
    "lines": "first line\nsecond line",
    "mixed": "MiXeD CaSe",
    "short": "ab",
    "korean": "안녕하세요 여러분",
    "turkish": "İstanbul ve ISPARTA",
}


async def fill(db: Database) -> None:
    async with db.transaction() as tx:
        tx.session.add_all([Thing(name=name, body=body) for name, body in TEXTS.items()])


async def found(db: Database, wanted: str, listing: Listing = INDEXED) -> list[str]:
    async with db.read() as reads:
        rows: Any = await listing.page(reads, SELECT_ALL, PageRequest(search=wanted, per_page=100))
    assert rows.total == len(rows.items)
    return [row.name for row in rows.items]
