from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from core.kit import (
    AuditTrail,
    Database,
    IfMatch,
    NotPermitted,
    PageRequest,
    Principal,
    Rows,
    Transaction,
    add_row,
    delete_some,
    one_or_raise,
    row_or_raise,
)
from modules.posts.errors import NotYourPost, PostNotFound
from modules.posts.models import Post
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.queries import OF_AUTHOR, ONE, POSTS, SELECT_ALL
from modules.posts.schemas import PostDraft, PostRead


class PostService:
    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db, self._audit = db, audit

    async def page(self, request: PageRequest) -> Rows[Row[Any]]:
        async with self._db.read() as reads:
            return await POSTS.page(reads, SELECT_ALL, request)

    async def get(self, post_id: UUID) -> Row[Any]:
        async with self._db.read() as reads:
            return await row_or_raise(reads, ONE, {"post_id": post_id}, PostNotFound)

    async def publish(self, author: Principal, draft: PostDraft) -> Post:
        async with self._db.transaction() as tx:
            post = await add_row(tx, Post, author_id=author.id, **draft.model_dump())
            await self._audit.record(tx, "posts.publish", (Post.__tablename__, post.id))
        return post

    async def change(
        self, editor: Principal, post_id: UUID, changes: dict[str, Any], if_match: IfMatch
    ) -> Post:
        async with self._db.transaction() as tx:
            post = await self._editable(tx, editor, post_id, if_match)
            post.assign(**changes)
            await self._audit.record(tx, "posts.change", post, fields=[*changes])
        return post

    async def remove(self, editor: Principal, post_id: UUID, if_match: IfMatch) -> None:
        async with self._db.transaction() as tx:
            post = await self._editable(tx, editor, post_id, if_match)
            await tx.session.delete(post)
            await self._audit.record(tx, "posts.remove", post)

    async def count(self, author_id: UUID | None = None) -> int:
        posts = select(func.count()).select_from(Post)
        if author_id:
            posts = posts.where(Post.author_id == author_id)
        async with self._db.read() as reads:
            return await reads.scalar(posts) or 0

    async def export(self, author_id: UUID) -> AsyncIterator[Sequence[PostRead]]:
        """Yield all posts of this user."""
        async with self._db.read() as reads:
            async for rows in POSTS.batches(reads, OF_AUTHOR, {"written_by": author_id}):
                yield PostRead.each(rows)

    async def erase(self, author_id: UUID) -> bool:
        """Erase some posts of this user; return whether there may be more."""
        return await delete_some(self._db, Post, Post.author_id == author_id)

    async def _editable(
        self, tx: Transaction, editor: Principal, post_id: UUID, if_match: IfMatch
    ) -> Post:
        """Lock and return the post. Raises PostNotFound, NotYourPost, NotPermitted and Stale."""
        wanted = select(Post).where(Post.id == post_id).with_for_update()
        post = await one_or_raise(tx, wanted, PostNotFound)
        if not editor.may(MANAGE):
            if post.author_id != editor.id:
                raise NotYourPost
            if not editor.may(WRITE):
                raise NotPermitted(f"This takes the permission {WRITE.name}.")
        if_match.check(post)
        return post
