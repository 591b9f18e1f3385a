from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, Principal, delete, get, optional, patch, post, put
from modules.posts.errors import REFUSALS
from modules.posts.models import POSTS
from modules.posts.permissions import editors, writers
from modules.posts.schemas import PostDraft, PostRead, PostUpdate
from modules.posts.service import PostService

ONE = "/{post_id:str}"


class PostController(Controller):
    posts: PostService

    @get(summary="List posts", policy=optional, listing=POSTS)
    async def list_posts(self, page_request: PageRequest) -> Page[PostRead]:
        return PostRead.paged(await self.posts.page(page_request))

    @post(summary="Publish a post", policy=writers)
    async def publish_post(self, data: PostDraft, principal: Principal) -> PostRead:
        return PostRead.of(await self.posts.publish(principal.id, data))

    @get(ONE, summary="Read a post", policy=optional)
    async def read_post(self, post_id: UUID) -> PostRead:
        return PostRead.of(await self.posts.get(post_id))

    @put(ONE, summary="Replace a post", policy=editors, errors=REFUSALS, audit="posts.change")
    async def replace_post(
        self, post_id: UUID, data: PostDraft, principal: Principal, if_match: IfMatch
    ) -> PostRead:
        return PostRead.of(await self.posts.change(principal, post_id, data.model_dump(), if_match))

    @patch(ONE, summary="Change a post", policy=editors, errors=REFUSALS)
    async def change_post(
        self, post_id: UUID, data: PostUpdate, principal: Principal, if_match: IfMatch
    ) -> PostRead:
        return PostRead.of(await self.posts.change(principal, post_id, data.changes(), if_match))

    @delete(ONE, summary="Remove a post", policy=editors, errors=REFUSALS, audit="posts.remove")
    async def delete_post(self, post_id: UUID, principal: Principal, if_match: IfMatch) -> None:
        await self.posts.remove(principal, post_id, if_match)
