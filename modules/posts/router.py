from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from core.kit import (
    IfMatch,
    NotPermitted,
    Page,
    PageRequest,
    Principal,
    authenticated,
    delete,
    get,
    optional,
    patch,
    post,
    put,
    requires,
)
from modules.posts.errors import NotYourPost, PostNotFound
from modules.posts.permissions import WRITE
from modules.posts.queries import POSTS
from modules.posts.schemas import PostDraft, PostRead, PostUpdate
from modules.posts.service import PostService

editors = authenticated.with_scope(WRITE)
refusals = (PostNotFound, NotYourPost, NotPermitted)


class PostController(Controller):
    @get(summary="List posts", policy=optional, listing=POSTS)
    async def list_posts(
        self, page_request: NamedDependency[PageRequest], posts: NamedDependency[PostService]
    ) -> Page[PostRead]:
        return PostRead.paged(await posts.page(page_request))

    @post(summary="Publish a post", policy=requires(WRITE))
    async def publish_post(
        self,
        data: JSONBody[PostDraft],
        principal: NamedDependency[Principal],
        posts: NamedDependency[PostService],
    ) -> PostRead:
        return PostRead.of(await posts.publish(principal, data))

    @get("/{post_id:str}", summary="Read a post", policy=optional, errors=(PostNotFound,))
    async def read_post(
        self, post_id: FromPath[UUID], posts: NamedDependency[PostService]
    ) -> PostRead:
        return PostRead.of(await posts.get(post_id))

    @put(
        "/{post_id:str}",
        summary="Replace a post",
        policy=editors,
        audit="posts.change",
        errors=refusals,
    )
    async def replace_post(
        self,
        post_id: FromPath[UUID],
        data: JSONBody[PostDraft],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        posts: NamedDependency[PostService],
    ) -> PostRead:
        return PostRead.of(await posts.change(principal, post_id, data.model_dump(), if_match))

    @patch("/{post_id:str}", summary="Change a post", policy=editors, errors=refusals)
    async def change_post(
        self,
        post_id: FromPath[UUID],
        data: JSONBody[PostUpdate],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        posts: NamedDependency[PostService],
    ) -> PostRead:
        return PostRead.of(await posts.change(principal, post_id, data.changes(), if_match))

    @delete(
        "/{post_id:str}",
        summary="Remove a post",
        policy=editors,
        audit="posts.remove",
        errors=refusals,
    )
    async def delete_post(
        self,
        post_id: FromPath[UUID],
        principal: NamedDependency[Principal],
        if_match: NamedDependency[IfMatch],
        posts: NamedDependency[PostService],
    ) -> None:
        await posts.remove(principal, post_id, if_match)
