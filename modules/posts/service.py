from collections.abc import Mapping
from uuid import UUID

from core.kit import (
    Database,
    IfMatch,
    NotPermitted,
    PageRequest,
    Principal,
    Rows,
)
from modules.posts.errors import NotYourPost, PostNotFound
from modules.posts.models import Post
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.queries import ONE, POSTS, SELECT_ALL
from modules.posts.schemas import PostDraft


class PostService:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, request: PageRequest) -> Rows[Post]:
        async with self._db.read() as reads:
            return await reads.page(POSTS, SELECT_ALL, request)

    async def get(self, post_id: UUID) -> Post:
        async with self._db.read() as reads:
            return await reads.one(ONE, {"post_id": post_id}, missing=PostNotFound)

    async def publish(self, author: Principal, draft: PostDraft) -> Post:
        async with self._db.transaction() as tx:
            return await tx.insert(
                Post, audit="posts.publish", author_id=author.id, **draft.model_dump()
            )

    async def change(
        self, editor: Principal, post_id: UUID, changes: Mapping[str, object], if_match: IfMatch
    ) -> Post:
        async with self._db.transaction() as tx:
            post = await tx.get(Post, post_id, missing=PostNotFound)
            must_be_editor(editor, post)
            if_match.check(post)
            return await tx.update(post, changes, audit="posts.change")

    async def remove(self, editor: Principal, post_id: UUID, if_match: IfMatch) -> None:
        async with self._db.transaction() as tx:
            post = await tx.get(Post, post_id, missing=PostNotFound)
            must_be_editor(editor, post)
            if_match.check(post)
            await tx.delete(post, audit="posts.remove")


def must_be_editor(editor: Principal, post: Post) -> None:
    """Raise NotYourPost or NotPermitted if the editor may not change this post."""
    if editor.may(MANAGE):
        return
    if post.author_id != editor.id:
        raise NotYourPost
    if not editor.may(WRITE):
        raise NotPermitted("This takes the permission {permission}.", permission=WRITE.name)
