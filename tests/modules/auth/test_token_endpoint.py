"""The token endpoint: the OAuth form of signing in and of refreshing."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from core.kit.platform import MaintenanceState
from core.testing import PASSWORD, CoreContainer, TestUser
from tests.modules.auth.conftest import AUTH, works
from tests.modules.auth.trail import trail

URL = f"{AUTH}/token"
FORM = "application/x-www-form-urlencoded"


async def raw(client: AsyncClient, body: bytes, content_type: str = FORM) -> Response:
    return await client.post(URL, content=body, headers={"content-type": content_type})


def refusal(answer: Response) -> str:
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error_description"] and body["code"] == f"auth.{body['error']}"
    error: str = body["error"]
    return error


class TestRefusals:
    async def test_refusals_have_the_names_of_oauth(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        password = {"grant_type": "password"}
        both = {"username": user.email, "password": PASSWORD}
        cases: list[tuple[dict[str, str], str]] = [
            ({"grant_type": ""}, "invalid_request"),
            (both, "invalid_request"),
            ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
            ({"grant_type": "PASSWORD", **both}, "unsupported_grant_type"),
            (password, "invalid_request"),
            ({**password, "username": user.email}, "invalid_request"),
            ({**password, "password": PASSWORD}, "invalid_request"),
            ({**password, **both, "password": "x" * 257}, "invalid_request"),
            ({**password, **both, "username": "a\u0000b"}, "invalid_request"),
            ({**password, **both, "password": "wrong"}, "invalid_grant"),
            ({**password, **both, "username": "unknown@example.com"}, "invalid_grant"),
            ({"grant_type": "refresh_token"}, "invalid_request"),
            ({"grant_type": "refresh_token", "refresh_token": "x" * 43}, "invalid_grant"),
        ]
        for form, error in cases:
            assert refusal(await client.post(URL, data=form)) == error, form
        assert refusal(await raw(client, b"")) == "invalid_request"

    async def test_what_can_be_read_in_two_ways(self, client: AsyncClient) -> None:
        for body in (
            b"grant_type=password&grant_type=refresh_token",
            b"grant_type=password&username=%ff",
            b"grant_type=password&username=\xff",
            b"grant_type=password&&x",
            b"grant_type",
            b"&".join(b"f%d=x" % number for number in range(200)),
        ):
            assert refusal(await raw(client, body)) == "invalid_request"

    async def test_another_kind_of_body_is_refused(self, client: AsyncClient) -> None:
        for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
            assert (await raw(client, b"grant_type=password", kind)).status_code == 415
        utf7 = f"{FORM}; charset=utf-7"
        assert (await raw(client, b"grant_type=password", utf7)).status_code == 415
        assert (await raw(client, b"x=" + b"y" * 70_000)).status_code == 413

    async def test_while_the_service_is_closed(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        await core.maintenance().switch(MaintenanceState(True))
        form = {"grant_type": "password", "username": user.email, "password": PASSWORD}
        assert (await client.post(URL, data=form)).status_code == 503


class TestGrants:
    async def test_a_password_and_then_its_refresh_token_are_accepted(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        form = {
            "grant_type": "password",
            "username": user.email,
            "password": PASSWORD,
            "scope": "ignored",
            "client_id": "docs",
        }
        first = await client.post(URL, data=form)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "no-store"
        assert first.json()["token_type"] == "bearer"
        assert await works(client, first.json())
        again = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        second = await client.post(URL, data=again)
        assert second.status_code == 200
        assert await works(client, second.json())
        assert len(await trail(core, "auth.login")) == 2  # the session of the fixture and this one

    async def test_a_refused_password_is_audited_once(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        form = {"grant_type": "password", "username": user.email, "password": "wrong"}
        await client.post(URL, data=form)
        rows = await trail(core, "auth.login", "auth.token")
        assert [row.outcome for row in rows] == ["success", "refused"]


class TestWithoutPasswords:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("AUTH_PASSWORD_GRANT", "false")
        return {}

    async def test_only_refreshing_is_left(self, client: AsyncClient, user: TestUser) -> None:
        form = {"grant_type": "password", "username": user.email, "password": PASSWORD}
        assert refusal(await client.post(URL, data=form)) == "unsupported_grant_type"
        again = {"grant_type": "refresh_token", "refresh_token": user.tokens["refresh_token"]}
        assert (await client.post(URL, data=again)).status_code == 200
