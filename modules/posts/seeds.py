"""Sample data: one welcome post."""

from sqlalchemy import select

from core.kit import Database
from modules.posts.models import Post
from modules.users.public import Accounts

TITLE = "Welcome to Atrium"
CONTENT = (
    "This post is sample data. Read it at GET /api/v1/posts, sign in, and write the next one with "
    "POST /api/v1/posts."
)


class SamplePosts:
    def __init__(self, db: Database, accounts: Accounts) -> None:
        self._db, self._accounts = db, accounts

    async def add(self) -> None:
        """Add the post once, in the name of the user with the oldest account."""
        if (author_id := await self._accounts.first_id()) is None:
            return
        async with self._db.transaction() as tx:
            if await tx.session.scalar(select(Post.id).limit(1)):
                return
            await tx.insert(
                Post, audit="posts.publish", author_id=author_id, title=TITLE, content=CONTENT
            )
