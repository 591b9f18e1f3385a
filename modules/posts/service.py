from uuid import UUID

from core.kit import Database, IfMatch, NotPermitted, PageRequest, Principal, Rows
from modules.posts.errors import NotYourPost, PostNotFound
from modules.posts.models import POSTS, Post
from modules.posts.permissions import MANAGE, WRITE
from modules.posts.schemas import PostDraft
from modules.users.public import Accounts

WELCOME = PostDraft(title="Welcome to Atrium", content="This post is sample data.")


class PostService:
    def __init__(self, db: Database, accounts: Accounts) -> None:
        self._db, self._accounts = db, accounts

    async def page(self, request: PageRequest) -> Rows[Post]:
        return await self._db.page(POSTS, Post, request)

    async def get(self, post_id: UUID) -> Post:
        return await self._db.get(Post, post_id, missing=PostNotFound)

    async def publish(self, author_id: UUID, draft: PostDraft) -> Post:
        values = draft.model_dump()
        async with self._db.transaction() as tx:
            return await tx.insert(Post, audit="posts.publish", author_id=author_id, **values)

    async def change(
        self, editor: Principal, post_id: UUID, changes: dict[str, object], if_match: IfMatch
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

    async def add_sample(self) -> None:
        """Publish a first post by the user with the oldest account, if there is no post."""
        author_id = await self._accounts.first_id()
        if author_id and not (await self.page(PageRequest())).items:
            await self.publish(author_id, WELCOME)


def must_be_editor(editor: Principal, post: Post) -> None:
    """Raise NotYourPost or NotPermitted if the editor may not change this post."""
    if editor.may(MANAGE):
        return
    if post.author_id != editor.id:
        raise NotYourPost
    if not editor.may(WRITE):
        raise NotPermitted("This requires the permission {permission}.", permission=WRITE.name)
