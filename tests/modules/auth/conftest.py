"""The shared helpers of the tests of signing in: requests, forged tokens, and a fast clock."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar

from config.settings import Rate, Settings
from core.kit import Module
from core.testing import Applications, TestUser, client_of
from modules.auth.plugin import Plugin

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"


@pytest.fixture
def auth(app: Litestar) -> Module:
    return app.plugins.get(Plugin)


@pytest.fixture
async def other_instance(
    app: Litestar, settings: Settings, applications: Applications
) -> AsyncIterator[AsyncClient]:
    """Yield a client of a second instance over the same database."""
    async with applications.started(settings, instance=2) as second, client_of(second) as client:
        yield client


def limit_login(monkeypatch: pytest.MonkeyPatch, client_ip: Rate, account: Rate) -> None:
    """Set the rates of attempts to sign in, before the application is built."""
    monkeypatch.setenv("RATE_LIMIT_LOGIN", f"{client_ip},{account}")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def log_in(client: AsyncClient, user: TestUser, **headers: str) -> dict[str, Any]:
    body = {"email": user.email, "password": user.password}
    answer = await client.post(f"{AUTH}/login", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def refresh(client: AsyncClient, tokens: dict[str, Any]) -> Response:
    body = {"refresh_token": tokens["refresh_token"]}
    return await client.post(f"{AUTH}/refresh", json=body)


async def rotated(client: AsyncClient, tokens: dict[str, Any]) -> dict[str, Any]:
    answer = await refresh(client, tokens)
    assert answer.status_code == 200, answer.text
    successor: dict[str, Any] = answer.json()
    return successor


async def works(client: AsyncClient, tokens: dict[str, Any]) -> bool:
    """Return whether the access token is valid."""
    answer = await client.get(ME, headers=bearer(tokens["access_token"]))
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def code_of(answer: Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    code: str = answer.json()["code"]
    return code
