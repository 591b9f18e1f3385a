"""Sessions: users see their own, and a session is invalid as soon as it ends."""

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select

from core.kit import Module, PageRequest, Statistic, UserStatistic
from core.kit.platform import ANY_VERSION
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once, later
from modules.auth.errors import SessionNotFound
from modules.auth.models import RefreshToken
from modules.auth.service.cleanup import ExpiredDataCleanup
from modules.auth.service.sessions import SessionService
from modules.users.public import AccountClosed
from tests.modules.auth.conftest import AUTH, bearer, code_of, log_in, refresh, works
from tests.modules.auth.trail import trail

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


class TestOthers:
    async def test_sessions_of_others_are_neither_seen_nor_ended(
        self, user: TestUser, other_user: TestUser
    ) -> None:
        listed = (await other_user.client.get(f"{AUTH}/sessions")).json()["data"]
        [own] = (await user.client.get(f"{AUTH}/sessions")).json()["data"]
        assert own["id"] not in [each["id"] for each in listed]
        answer = await other_user.client.delete(f"{AUTH}/sessions/{own['id']}")
        assert (answer.status_code, code_of(answer)) == (404, "auth.session_not_found")
        assert (await user.client.get(f"{AUTH}/sessions")).status_code == 200

    async def test_an_anonymous_caller_learns_nothing(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        [own] = (await user.client.get(f"{AUTH}/sessions")).json()["data"]
        for answer in (
            await client.get(f"{AUTH}/sessions"),
            await client.delete(f"{AUTH}/sessions/{own['id']}"),
            await client.post(f"{AUTH}/logout"),
            await client.post(f"{AUTH}/logout-all"),
        ):
            assert answer.status_code == 401

    async def test_no_key_reaches_them(self, client: AsyncClient, user: TestUser) -> None:
        draft = {"name": "mine", "scopes": ["profile:read"]}
        key = (await user.client.post(f"{AUTH}/api-keys", json=draft)).json()["key"]
        for method, path in (
            ("GET", "sessions"),
            ("POST", "logout"),
            ("GET", "api-keys"),
            ("POST", "api-keys"),
            ("POST", "step-up"),
            ("POST", "password/change"),
        ):
            answer = await client.request(method, f"{AUTH}/{path}", headers={"x-api-key": key})
            assert (answer.status_code, code_of(answer)) == (403, "auth.key_not_allowed")


class TestLogout:
    async def test_a_logout_ends_access_and_refresh_in_every_instance(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        other = await log_in(client, user)
        assert await works(other_instance, user.tokens)
        assert (await user.client.post(f"{AUTH}/logout")).status_code == 204
        for instance in (client, other_instance):
            assert not await works(instance, user.tokens)
            assert (await refresh(instance, user.tokens)).status_code == 401
            assert await works(instance, other)

    async def test_everywhere_is_everywhere_but_not_at_others(
        self,
        client: AsyncClient,
        other_instance: AsyncClient,
        user: TestUser,
        other_user: TestUser,
    ) -> None:
        other = await log_in(other_instance, user)
        assert await works(client, other) and await works(other_instance, user.tokens)
        assert (await user.client.post(f"{AUTH}/logout-all")).status_code == 204
        for instance in (client, other_instance):
            for tokens in (user.tokens, other):
                assert not await works(instance, tokens)
                assert (await refresh(instance, tokens)).status_code == 401
            assert await works(instance, other_user.tokens)

    @pytest.mark.race
    async def test_a_logout_leaves_one_row_each(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        for number in range(1, ROUNDS + 1):
            credential = bearer((await log_in(client, user))["access_token"])
            answers = await at_once(
                *(client.post(f"{AUTH}/logout", headers=credential) for _ in range(CLIENTS))
            )
            assert {204} <= {each.status_code for each in answers} <= {204, 401}
            rows = await trail(core, "auth.logout")
            assert len(rows) == number * CLIENTS
            assert "success" in {row.outcome for row in rows[-CLIENTS:]}

    @pytest.mark.race
    async def test_one_is_ended_once(self, client: AsyncClient, user: TestUser) -> None:
        for _ in range(ROUNDS):
            await log_in(client, user)
            listed = (await user.client.get(f"{AUTH}/sessions")).json()["data"]
            [path] = [f"{AUTH}/sessions/{each['id']}" for each in listed if not each["current"]]
            answers = await at_once(*(user.client.delete(path) for _ in range(CLIENTS)))
            statuses = sorted(each.status_code for each in answers)
            assert statuses == [204] + [404] * (CLIENTS - 1)


class TestListing:
    async def test_the_list_has_the_devices_of_the_sessions(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        await log_in(client, user, **{"user-agent": FIREFOX})
        listed = (await user.client.get(f"{AUTH}/sessions?sort=created_at")).json()
        assert listed["total"] == 2
        here, there = listed["data"]
        assert (here["current"], there["current"]) == (True, False)
        assert there["device"] == "Firefox on Linux"
        assert there["address"] == "127.0.0.1"
        assert set(here) == {
            "id",
            "device",
            "address",
            "created_at",
            "last_used_at",
            "expires_at",
            "current",
        }

    async def test_an_export_tells_of_none_that_it_is_another(self, user: TestUser) -> None:
        held = (await user.client.get("/api/v1/users/me/export")).json()["data"]["auth.sign_ins"]
        [own] = (await user.client.get(f"{AUTH}/sessions")).json()["data"]
        assert own.pop("current") is True
        assert held["sessions"] == [own]

    async def test_the_list_has_cursors(self, client: AsyncClient, user: TestUser) -> None:
        for _ in range(2):
            await log_in(client, user)
        seen, cursor = [], ""
        while cursor is not None:
            page = await user.client.get(
                f"{AUTH}/sessions", params={"cursor": cursor, "per_page": "2"}
            )
            seen += [each["id"] for each in page.json()["data"]]
            cursor = page.json()["next_cursor"]
        assert len(set(seen)) == len(seen) == 3

    async def test_refreshing_is_using(self, client: AsyncClient, user: TestUser) -> None:
        with later(minutes=5):
            tokens = (await refresh(client, user.tokens)).json()
            answer = await client.get(f"{AUTH}/sessions", headers=bearer(tokens["access_token"]))
            [own] = answer.json()["data"]
        assert own["last_used_at"] > own["created_at"]

    async def test_one_can_be_ended(self, client: AsyncClient, user: TestUser) -> None:
        other = await log_in(client, user)
        listed = (await user.client.get(f"{AUTH}/sessions")).json()["data"]
        [id_] = [each["id"] for each in listed if not each["current"]]
        assert (await user.client.delete(f"{AUTH}/sessions/{id_}")).status_code == 204
        assert not await works(client, other)
        assert (await user.client.delete(f"{AUTH}/sessions/{id_}")).status_code == 404
        assert await works(client, user.tokens)

    @pytest.mark.parametrize("way", ["logout", "logout-all", "revoke", "reuse"])
    async def test_its_tokens_are_deleted_by_a_sweep_and_not_by_the_request(
        self,
        client: AsyncClient,
        core: CoreContainer,
        auth: Module,
        user: TestUser,
        way: str,
    ) -> None:
        """The tokens may be many: one for each refresh."""
        first = await log_in(client, user)
        last = first
        for _ in range(3):
            body = {"refresh_token": last["refresh_token"]}
            last = (await client.post(f"{AUTH}/refresh", json=body)).json()
        before = await count_tokens(core)
        headers = bearer(last["access_token"])
        if way == "reuse":
            reused = {"refresh_token": first["refresh_token"]}
            assert (await client.post(f"{AUTH}/refresh", json=reused)).status_code == 401
        elif way == "revoke":
            form = {"token": last["refresh_token"]}
            assert (await client.post(f"{AUTH}/revoke", data=form)).status_code == 200
        else:
            assert (await client.post(f"{AUTH}/{way}", headers=headers)).status_code == 204
        assert not await works(client, last)
        assert await count_tokens(core) == before
        await auth.provider(ExpiredDataCleanup)().sweep()
        assert await count_tokens(core) == before - (5 if way == "logout-all" else 4)

    async def test_the_expired_are_gone(
        self, client: AsyncClient, auth: Module, user: TestUser
    ) -> None:
        with later(days=15):
            fresh = await log_in(client, user)
            answer = await client.get(f"{AUTH}/sessions", headers=bearer(fresh["access_token"]))
            assert answer.json()["total"] == 1
            await auth.provider(ExpiredDataCleanup)().sweep()
            assert await works(client, fresh)


async def count_tokens(core: CoreContainer) -> int:
    async with core.db().read() as reads:
        return int(await reads.scalar(select(func.count()).select_from(RefreshToken)))


class TestClosedAccounts:
    async def test_lose_sessions_and_keys(
        self,
        client: AsyncClient,
        core: CoreContainer,
        user: TestUser,
        other_user: TestUser,
    ) -> None:
        draft = {"name": "mine", "scopes": ["profile:read"]}
        made = await user.client.post(f"{AUTH}/api-keys", json=draft)
        key = {"x-api-key": made.json()["key"]}
        assert (await client.get("/api/v1/users/me", headers=key)).status_code == 200
        async with core.db().transaction():
            for closing in core.contributions().of(AccountClosed):
                await closing.run(user.id)
        assert not await works(client, user.tokens)
        assert (await refresh(client, user.tokens)).status_code == 401
        assert (await client.get("/api/v1/users/me", headers=key)).status_code == 401
        assert await works(client, other_user.tokens)
        assert await sessions_of(core, user) == 0
        assert await all_sessions(core) == 1


class TestPort:
    """Admins list and end the sessions of all users."""

    async def test_the_port_sees_every_session_and_ends_any(
        self,
        client: AsyncClient,
        core: CoreContainer,
        auth: Module,
        user: TestUser,
        other_user: TestUser,
    ) -> None:
        sessions = auth.provider(SessionService)()
        everyone = await sessions.page(PageRequest())
        assert {row.user_id for row in everyone.items} == {user.id, other_user.id}
        [one] = (await sessions.page(PageRequest(filters={"user_id": user.id}))).items
        await sessions.end(one.id, ANY_VERSION)
        assert not await works(client, user.tokens)
        with pytest.raises(SessionNotFound):
            await sessions.end(one.id, ANY_VERSION)
        await sessions.end_all(other_user.id, "auth.end_sessions")
        assert not await works(client, other_user.tokens)
        await sessions.end_all(other_user.id, "auth.end_sessions")
        assert await all_sessions(core) == 0


async def all_sessions(core: CoreContainer) -> int:
    of_admins = {it.name: it for it in core.contributions().of(Statistic)}
    return await of_admins["auth.sessions"].read()


async def sessions_of(core: CoreContainer, user: TestUser) -> int:
    of_users = {it.name: it for it in core.contributions().of(UserStatistic)}
    return await of_users["auth.sessions"].count(user.id)


async def test_what_comes_later_is_404(user: TestUser) -> None:
    for path in ("mfa", "mfa/totp", "passkeys", "oauth/providers", "identities"):
        assert (await user.client.get(f"{AUTH}/{path}")).status_code == 404
    for path in ("password/forgot", "password/reset", "email/verify", "mfa/verify"):
        assert (await user.client.post(f"{AUTH}/{path}", json={})).status_code == 404
