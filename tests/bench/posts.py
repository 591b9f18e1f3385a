"""`python -m tests.bench.posts`: 200,000 posts, and one user with 60,000 rows of audit."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from core.cli.loading import run
from core.data.audit import AuditEntry
from core.data.database import Database
from core.data.folded import folds
from core.data.models import Base
from core.kernel.clock import utc_now
from core.kernel.ids import uuid7
from core.wiring.container import CoreContainer
from modules.posts.models import Post
from modules.users.models import User

POSTS, AUDITED, AT_ONCE = 200_000, 60_000, 2000
TABLE = Base.metadata.tables[Post.__tablename__]
COMMON = "harbour"
"""A word in every third post."""
SYLLABLES_OF_FEW = "안녕"
"""Two syllables in every thousandth post."""
ACTIVE, AUTHOR = "person-0@bench.example", "person-1@bench.example"
SYLLABLES = "ba ke lo mi nu ra se ti vo zu dar fen gol hip jas pel wen yor"

Row = dict[str, Any]


async def fill(core: CoreContainer) -> None:
    db, now = core.db(), utc_now()
    async with db.read() as reads:
        active = await reads.scalar(select(User.id).where(User.email == ACTIVE))
        author = await reads.scalar(select(User.id).where(User.email == AUTHOR))
    await add(db, Post, posts_of(author, now))
    await add(db, AuditEntry, acts_of(active, now))


async def add(db: Database, model: type[Base], rows: Iterator[Row]) -> None:
    while some := list(islice(rows, AT_ONCE)):
        async with db.transaction() as tx:
            await tx.session.execute(insert(model), some)


def posts_of(author: UUID, now: datetime) -> Iterator[Row]:
    chance = random.Random(7)  # noqa: S311
    words = sorted({"".join(chance.choices(SYLLABLES.split(), k=3)) for _ in range(2500)})
    for at in range(POSTS):
        text = chance.choices(words, k=20)
        if at % 3 == 0:
            text[5] = COMMON
        if at % 1000 == 0:
            text[6] = f"{SYLLABLES_OF_FEW}하세요"
        moment = now - timedelta(seconds=POSTS - at)
        row = {
            "id": uuid7(),
            "version": 1,
            "author_id": author,
            "title": " ".join(text[:4]).title(),
            "content": " ".join(text),
            "created_at": moment,
            "updated_at": moment,
        }
        yield row | folds(TABLE, row)


def acts_of(user_id: UUID, now: datetime) -> Iterator[Row]:
    for at in range(AUDITED):
        yield {
            "id": uuid7(),
            "at": now - timedelta(seconds=at),
            "actor_id": user_id,
            "actor_kind": "user",
            "on_behalf_of": None,
            "action": "posts.change",
            "target_kind": "posts",
            "target_id": str(uuid7()),
            "outcome": "success",
            "address": "203.0.113.9",
            "request_id": f"request-{at:08}",
            "changes": {"fields": ["title", "content"]},
        }


if __name__ == "__main__":
    run(fill)
