"""The two baselines of the ratios: uvicorn alone, and Litestar alone, with one small body."""

from typing import Any
from uuid import UUID

from litestar import Litestar, Response, get
from pydantic import BaseModel

USER = {
    "id": "0190b5c2-7f3a-7c11-8a55-3f2b1c0d9e8f",
    "email": "user00001@example.com",
    "full_name": "User Number 00001",
    "is_active": True,
    "is_superuser": False,
    "created_at": "2026-01-01T00:00:00Z",
    "role": "member",
}


class UserRead(BaseModel):
    id: UUID
    email: str
    full_name: str
    is_active: bool
    is_superuser: bool
    created_at: str
    role: str


BODY = UserRead.model_validate(USER).model_dump_json().encode()
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))],
}
END = {"type": "http.response.body", "body": BODY}


async def raw(scope: Any, receive: Any, send: Any) -> None:
    """Send 199 fixed bytes: the rest of the cost is the server's own work."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send(START)
    await send(END)


@get("/")
async def read_user() -> Response[bytes]:
    body = UserRead.model_validate(USER).model_dump_json().encode()
    return Response(body, media_type="application/json")


bare = Litestar([read_user], openapi_config=None)
