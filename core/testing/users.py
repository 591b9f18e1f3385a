"""Users of the application in tests, each with a signed-in client."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from sqlalchemy import update

from core.data.models import Base
from core.kernel.json_types import JsonObject
from core.wiring.plugin import core_of

PASSWORD = "correct horse battery staple"
"""The password of each `TestUser`."""


@dataclass(frozen=True)
class TestUser:
    """A registered user with a client that is signed in."""

    __test__: ClassVar[bool] = False  # so that pytest does not collect it

    id: UUID
    email: str
    client: AsyncClient
    """The client, which sends the access token with each request."""
    tokens: JsonObject
    password: str = PASSWORD


def client_of(app: Litestar, **headers: str) -> AsyncClient:
    # Not Litestar's client: that runs the application in an event loop of its own.
    """Return a client without a credential, which sends these headers with each request."""
    transport = ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return AsyncClient(transport=transport, base_url="http://test", headers=headers)


@asynccontextmanager
async def register(
    app: Litestar, email: str, name: str, roles: Sequence[str] = ()
) -> AsyncIterator[TestUser]:
    """Register and sign in as a client does; the roles are written into the database."""
    async with client_of(app) as client:
        body = {"name": name, "email": email, "password": PASSWORD}
        registered = await client.post("/api/v1/auth/register", json=body)
        assert registered.status_code == 201, registered.text
        user_id = UUID(registered.json()["id"])
        if roles:
            await grant(app, user_id, roles)
        tokens = await sign_in(client, email)
        client.headers["authorization"] = f"Bearer {tokens['access_token']}"
        yield TestUser(user_id, email, client, tokens)


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> dict[str, object]:
    """Sign in by e-mail and password, and return the tokens."""
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: JsonObject = answer.json()
    return tokens


async def grant(app: Litestar, user_id: UUID, roles: Sequence[str]) -> None:
    """Give roles to a user in the database, because no client can do so for the first admin."""
    db, users = core_of(app).db(), Base.metadata.tables["users"]
    async with db.transaction() as tx:
        values = {"roles": tuple(sorted({"member", *roles}))}
        await tx.session.execute(update(users).where(users.c.id == user_id).values(values))
        tx.invalidate("principals")
