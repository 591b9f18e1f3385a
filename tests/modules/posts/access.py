"""The access table of the module."""

from typing import Any

from core.testing import AccessTable, Person

POSTS = "/api/v1/posts"
POST: dict[str, Any] = {"json": {"title": "A title", "content": "Some content"}}


async def new_post(owner: Person) -> object:
    return (await owner.client.post(POSTS, **POST)).json()["id"]


ACCESS = AccessTable(
    """
                                 anonymous user other admin disabled key bare_key
GET    /api/v1/posts             200       200  200   200   401      200 200
POST   /api/v1/posts             401       201  201   201   401      201 403
DELETE /api/v1/posts/{post_id}   401       204  403   204   401      204 403
GET    /api/v1/posts/{post_id}   200       200  200   200   401      200 200
PATCH  /api/v1/posts/{post_id}   401       200  403   200   401      200 403
PUT    /api/v1/posts/{post_id}   401       200  403   200   401      200 403
""",
    bodies={
        f"POST {POSTS}": POST,
        f"PUT {POSTS}/{{post_id}}": POST,
        f"PATCH {POSTS}/{{post_id}}": {"json": {"title": "Another title"}},
    },
    resources={"{post_id}": new_post},
)
