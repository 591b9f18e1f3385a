"""API keys: shown once, never with more permissions than their owner, and revoked at once."""

from collections.abc import Awaitable, Iterable
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select, update

from core.kit.platform import MaintenanceState
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once, later
from modules.auth.models import ApiKey
from modules.users.models import User
from tests.modules.auth.conftest import AUTH, ME, bearer, code_of
from tests.modules.auth.trail import trail

KEYS = f"{AUTH}/api-keys"
DRAFT = {"name": "Nightly backup", "scopes": ["profile:read"]}


async def made(user: TestUser, **draft: Any) -> dict[str, Any]:
    answer = await user.client.post(KEYS, json={**DRAFT, **draft})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def use(client: AsyncClient, key: str | bytes) -> Response:
    raw = key.encode() if isinstance(key, str) else key
    return await client.get(ME, headers={b"x-api-key": raw})


class TestLookups:
    async def test_whatever_is_no_key_is_refused_alike(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        prefix, secret = key[:16], key[17:]
        wrong = (
            "",
            "x",
            prefix,
            f"{prefix}_{'x' * 43}",
            f"{prefix}_{secret[:-1]}",
            f"{prefix}_{secret}x",
            f"atr_aaaaaaaaaaaa_{secret}",
            f"live_{key[4:]}",
            key.upper(),
            key + " x",
            "x" * 10_000,
            b"\x01\xff",
        )
        refusals = [await use(client, each) for each in wrong]
        for answer in refusals:
            assert (answer.status_code, code_of(answer)) == (401, "http.invalid_token")
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert (await use(client, key)).status_code == 200

    async def test_a_key_is_no_token_and_goes_with_none(
        self, client: AsyncClient, user: TestUser, other_user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        assert (await client.get(ME, headers=bearer(key))).status_code == 401
        mixed = await other_user.client.get(ME, headers={"x-api-key": key})
        assert mixed.status_code == 400


class TestSecrecy:
    async def test_the_key_is_in_the_first_answer_only(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        headers = {"idempotency-key": "the-same-again"}
        answers = [await user.client.post(KEYS, json=DRAFT, headers=headers) for _ in range(2)]
        first, second = [each.json() for each in answers]
        assert answers[0].headers["cache-control"] == "no-store"
        assert answers[0].headers["location"].endswith(f"/auth/api-keys/{first['id']}")
        assert first["key"] != second["key"]
        assert first["key"].startswith(first["prefix"] + "_")
        listed = (await user.client.get(KEYS)).json()
        assert listed["total"] == 2
        shown = {"id", "prefix", "name", "scopes", "created_at", "expires_at", "last_used_at"}
        assert set(first) == shown | {"key"}
        for each in listed["data"]:
            assert set(each) == shown
        async with core.db().read() as reads:
            rows = (await reads.execute(select(*ApiKey.__table__.columns))).all()
        assert first["key"][17:] not in repr(rows)

    async def test_making_one_is_audited_without_it(
        self, core: CoreContainer, user: TestUser
    ) -> None:
        key = await made(user)
        [row] = await trail(core, "auth.make_api_key")
        assert (row.actor_id, row.target_id) == (user.id, key["id"])

    async def test_when_it_was_last_used_is_noted(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        noted: Any = None
        for _ in range(200):
            await use(client, key)
            [listed] = (await user.client.get(KEYS)).json()["data"]
            if noted := listed["last_used_at"]:
                break
        assert noted


class TestMaintenance:
    async def test_a_key_acts_as_its_owner(
        self, client: AsyncClient, core: CoreContainer, user: TestUser, admin: TestUser
    ) -> None:
        keys = [(await made(each))["key"] for each in (user, admin)]
        await core.maintenance().switch(MaintenanceState(True))
        answers = [await use(client, each) for each in keys]
        assert [each.status_code for each in answers] == [503, 200]
        ready = await client.get("/health/ready", headers={"x-api-key": keys[1]})
        assert ready.status_code == 200 and "details" not in ready.json(), "no scope is for this"


class TestScopes:
    @pytest.mark.parametrize(
        ("scopes", "status"),
        [
            (["*"], 400),
            (["users:write"], 400),
            (["profile:read", "admin"], 400),
            ([], 400),
            ("profile:read", 400),
            (["stats:read"], 403),
            (["profile:read", "stats:read"], 403),
        ],
    )
    async def test_no_more_than_there_is_and_than_one_has(
        self, user: TestUser, scopes: Any, status: int
    ) -> None:
        answer = await user.client.post(KEYS, json={**DRAFT, "scopes": scopes})
        assert answer.status_code == status, answer.text
        assert (await user.client.get(KEYS)).json()["total"] == 0

    async def test_it_may_only_what_its_scopes_say(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        key = (await made(user, scopes=["files:read"]))["key"]
        answer = await use(client, key)
        assert (answer.status_code, code_of(answer)) == (403, "auth.insufficient_scope")
        change = await client.patch(ME, json={"name": "Other"}, headers={"x-api-key": key})
        assert (change.status_code, code_of(change)) == (403, "auth.key_not_allowed")

    async def test_they_end_with_the_rights_of_its_owner(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        assert (await use(client, key)).status_code == 200
        async with core.db().transaction() as tx:
            await tx.session.execute(update(User).where(User.id == user.id).values(roles=()))
            tx.invalidate("principals", "users")
        assert (await use(client, key)).status_code == 403

    async def test_they_cannot_be_changed(self, user: TestUser) -> None:
        key = await made(user)
        answer = await user.client.patch(f"{KEYS}/{key['id']}", json={"scopes": ["files:read"]})
        assert answer.status_code == 405

    @pytest.mark.parametrize("days", [0, 366, -1, 1.5, "90", None])
    async def test_it_lasts_a_day_to_a_year(self, user: TestUser, days: Any) -> None:
        draft = {**DRAFT, "expires_in_days": days}
        assert (await user.client.post(KEYS, json=draft)).status_code == 400


class TestEnds:
    async def test_when_it_expires(self, client: AsyncClient, user: TestUser) -> None:
        key = (await made(user, expires_in_days=1))["key"]
        assert (await use(client, key)).status_code == 200
        with later(days=1, seconds=1):
            assert (await use(client, key)).status_code == 401

    async def test_when_it_is_revoked_in_every_instance(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        key = await made(user)
        for instance in (client, other_instance):
            assert (await use(instance, key["key"])).status_code == 200
        assert (await user.client.delete(f"{KEYS}/{key['id']}")).status_code == 204
        for instance in (client, other_instance):
            assert (await use(instance, key["key"])).status_code == 401
        assert (await user.client.delete(f"{KEYS}/{key['id']}")).status_code == 404

    @pytest.mark.race
    async def test_no_use_comes_through_after_a_revocation_at_the_same_time(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        instances = (client, other_instance)
        for _ in range(ROUNDS):
            key = await made(user)
            uses = self.uses(instances, key)
            revocations = [user.client.delete(f"{KEYS}/{key['id']}") for _ in range(2)]
            answers = await at_once(*uses, *revocations, *self.uses(instances, key))
            statuses = [each.status_code for each in answers]
            assert sorted(statuses[len(uses) : len(uses) + 2]) == [204, 404]
            assert set(statuses[: len(uses)]) <= {200, 401}
            late = await at_once(*self.uses(instances, key))
            assert {each.status_code for each in late} == {401}

    @staticmethod
    def uses(instances: Iterable[AsyncClient], key: dict[str, Any]) -> list[Awaitable[Response]]:
        return [use(each, key["key"]) for each in instances for _ in range(CLIENTS // 4)]

    async def test_when_its_owner_is_disabled(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        async with core.db().transaction() as tx:
            await tx.session.execute(update(User).where(User.id == user.id).values(is_active=False))
            tx.invalidate("principals", "users")
        assert (await use(client, key)).status_code == 401

    async def test_a_key_survives_the_logout_of_its_owner(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        key = (await made(user))["key"]
        await user.client.post(f"{AUTH}/logout-all")
        assert (await use(client, key)).status_code == 200

    async def test_another_user_cannot_revoke_a_key(
        self, client: AsyncClient, user: TestUser, other_user: TestUser
    ) -> None:
        key = await made(user)
        assert (await other_user.client.get(KEYS)).json()["total"] == 0
        answer = await other_user.client.delete(f"{KEYS}/{key['id']}")
        assert (answer.status_code, code_of(answer)) == (404, "auth.api_key_not_found")
        assert (await use(client, key["key"])).status_code == 200
