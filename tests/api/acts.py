"""Writes of a client; each is one request."""

from collections.abc import Awaitable, Callable

import pytest
from httpx import AsyncClient, Response

from core.testing import PASSWORD, TestUser
from tests.modules.files.uploads import form, part, send

API = "/api/v1"
CONTENT = b"0123456789" * 10_000
NEW_PASSWORD = "another horse another battery"

Act = Callable[[AsyncClient, TestUser, str], Awaitable[Response]]
"""Sends a request of this user, or with this new e-mail address."""


async def upload(_: AsyncClient, user: TestUser, __: str) -> Response:
    return await send(user.client, form(part(CONTENT)))


async def sign_up(client: AsyncClient, _: TestUser, email: str) -> Response:
    body = {"name": "New Person", "email": email, "password": PASSWORD}
    return await client.post(f"{API}/auth/register", json=body)


async def sign_in(client: AsyncClient, user: TestUser, _: str) -> Response:
    body = {"email": user.email, "password": PASSWORD}
    return await client.post(f"{API}/auth/login", json=body)


async def refresh(client: AsyncClient, user: TestUser, _: str) -> Response:
    body = {"refresh_token": user.tokens["refresh_token"]}
    return await client.post(f"{API}/auth/refresh", json=body)


async def make_key(_: AsyncClient, user: TestUser, __: str) -> Response:
    body = {"name": "A key", "scopes": ["profile:read"]}
    return await user.client.post(f"{API}/auth/api-keys", json=body)


async def change_password(_: AsyncClient, user: TestUser, __: str) -> Response:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    return await user.client.post(f"{API}/auth/password/change", json=body)


ACTS = (upload, sign_up, sign_in, refresh, make_key, change_password)
ONCE = (sign_up, change_password)
each_act = pytest.mark.parametrize("act", ACTS)
