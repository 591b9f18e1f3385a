"""Signing in: errors reveal nothing about accounts, and valid users get in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import delete, update

from core.kit import Module
from core.kit.platform import MaintenanceState
from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once, register
from modules.auth.models import Password
from modules.auth.passwords.hashing import PasswordHashing
from modules.auth.service.passwords import PasswordService
from modules.users.models import User
from tests.modules.auth.conftest import AUTH, ME, bearer, code_of, log_in, works
from tests.modules.auth.trail import trail


async def attempt(client: AsyncClient, email: str, password: str) -> Response:
    return await client.post(f"{AUTH}/login", json={"email": email, "password": password})


async def attempt_by_form(client: AsyncClient, email: str, password: str) -> Response:
    form = {"grant_type": "password", "username": email, "password": password}
    return await client.post(f"{AUTH}/token", data=form)


REAL_MEMORY_KIB = 19 * 1024
LONGEST = "\U0001f511" * 256
"""The longest password; it has 1 KiB, all of which is hashed."""
TOO_LONG = LONGEST + "x"

Attempt = Callable[[AsyncClient, str, str], Awaitable[Response]]
WAYS = pytest.mark.parametrize("way", [attempt, attempt_by_form])


def shown(answer: Response) -> Any:
    """Return the part of the response that could distinguish two refusals."""
    body = answer.json()
    request_id = body.pop("request_id")
    assert body.pop("instance") == f"/requests/{request_id}"
    headers = [pair for pair in answer.headers.multi_items() if pair[0] != "x-request-id"]
    return answer.status_code, body, headers


async def change(core: CoreContainer, user: TestUser, **columns: Any) -> None:
    async with core.db().transaction() as tx:
        await tx.session.execute(update(User).where(User.id == user.id).values(**columns))
        tx.invalidate("principals", "users")


async def remove_password(core: CoreContainer, user: TestUser) -> None:
    async with core.db().transaction() as tx:
        await tx.session.execute(delete(Password).where(Password.user_id == user.id))


@pytest.fixture
async def accounts(
    app: Litestar, core: CoreContainer, user: TestUser
) -> AsyncIterator[dict[str, str]]:
    """Yield the e-mail address of an account of each kind that refuses a password."""
    async with (
        register(app, "disabled@example.com", "Disabled") as disabled,
        register(app, "leaving@example.com", "Leaving") as leaving,
        register(app, "deleted@example.com", "Deleted") as deleted,
        register(app, "nopassword@example.com", "Nobody") as without_password,
    ):
        await change(core, disabled, is_active=False)
        await remove_password(core, without_password)
        left = await leaving.client.post(f"{ME}/deletion", json={"password": PASSWORD})
        assert left.status_code == 202
        async with core.db().transaction() as tx:
            await tx.session.execute(delete(User).where(User.id == deleted.id))
        yield {
            "known": user.email,
            "unknown": "unknown@example.com",
            "disabled": disabled.email,
            "leaving": leaving.email,
            "deleted": deleted.email,
            "without password": without_password.email,
        }


class TestRefusals:
    @WAYS
    async def test_all_refusals_look_alike(
        self, client: AsyncClient, accounts: dict[str, str], way: Attempt
    ) -> None:
        """The correct password is sent too, for accounts that no password opens."""
        known = accounts.pop("known")
        wrong = [await way(client, known, password) for password in ("no", PASSWORD.upper())]
        others = [*accounts.values(), "no address at all"]
        answers = wrong + [
            await way(client, email, password)
            for email in others
            for password in (PASSWORD, "wrong password")
        ]
        assert [shown(each) for each in answers] == [shown(answers[0])] * len(answers)
        refused = answers[0]
        if way is attempt:
            assert (refused.status_code, code_of(refused)) == (401, "auth.invalid_credentials")
            assert refused.headers["www-authenticate"] == 'Bearer realm="atrium"'
        else:
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert (await way(client, known, PASSWORD)).status_code == 200

    async def test_each_leaves_one_row_that_says_who_was_meant(
        self, client: AsyncClient, core: CoreContainer, user: TestUser
    ) -> None:
        await attempt(client, "unknown@example.com", PASSWORD)
        await attempt(client, user.email, "wrong password")
        await log_in(client, user)
        rows = await trail(core, "auth.login")
        assert [row[:4] for row in rows[-3:]] == [
            ("auth.login", "refused", None, None),
            ("auth.login", "refused", None, str(user.id)),
            ("auth.login", "success", user.id, str(user.id)),
        ]

    @WAYS
    async def test_a_password_that_is_too_long_is_refused_alike(
        self, client: AsyncClient, accounts: dict[str, str], way: Attempt
    ) -> None:
        for long in (TOO_LONG, "x" * 1024):
            answers = [await way(client, email, long) for email in accounts.values()]
            assert [shown(each) for each in answers] == [shown(answers[0])] * len(answers)
            assert answers[0].status_code == 400
            assert code_of(answers[0]) in ("http.invalid", "auth.invalid_request")

    @pytest.mark.parametrize(
        "body",
        [
            {"email": "a@example.com"},
            {"password": PASSWORD},
            {"email": "a@example.com", "password": 12345678},
            {"email": ["a@example.com"], "password": PASSWORD},
            {"email": "a@example.com\u0000", "password": PASSWORD},
            {"email": "a@example.com", "password": PASSWORD, "transport": "cookie"},
            {"email": "a@example.com", "password": PASSWORD, "remember": True},
            [],
        ],
    )
    async def test_what_is_no_login_is_400(self, client: AsyncClient, body: Any) -> None:
        assert (await client.post(f"{AUTH}/login", json=body)).status_code == 400

    async def test_what_is_not_json_is_415(self, client: AsyncClient, user: TestUser) -> None:
        form = {"email": user.email, "password": PASSWORD}
        assert (await client.post(f"{AUTH}/login", data=form)).status_code == 415

    @pytest.mark.race
    async def test_a_good_password_and_a_disabling_at_once(
        self, client: AsyncClient, admin: TestUser, user: TestUser
    ) -> None:
        """No session remains afterwards, in either order."""
        path = f"/api/v1/admin/users/{user.id}"
        for _ in range(ROUNDS):
            *answers, disabled = await at_once(
                *(attempt(client, user.email, PASSWORD) for _ in range(CLIENTS - 1)),
                admin.client.post(f"{path}/disable"),
            )
            assert disabled.status_code == 204
            assert {each.status_code for each in answers} <= {200, 401}
            for answer in answers:
                assert answer.status_code == 401 or not await works(client, answer.json())
            assert (await admin.client.post(f"{path}/enable")).status_code == 204


@pytest.fixture
def costly_passwords(own_application: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as in production, but in threads of normal priority."""
    monkeypatch.setattr("modules.auth.passwords.hashing.MEMORY_KIB", REAL_MEMORY_KIB)
    monkeypatch.setattr("modules.auth.passwords.hashing.lower_priority", lambda: None)


@pytest.mark.long
@pytest.mark.usefixtures("costly_passwords")
class TestTime:
    @pytest.mark.parametrize("password", ["wrong password", LONGEST, TOO_LONG], ids=len)
    async def test_an_unknown_account_takes_as_long_as_a_known_one(
        self,
        client: AsyncClient,
        accounts: dict[str, str],
        password: str,
    ) -> None:
        """The hash has its production cost; without a hash the time would be a tenth."""
        del accounts["deleted"]  # it counts as unknown
        for rounds in (11, 22, 44):  # more rounds on a busy machine
            taken = await medians(client, accounts, password, rounds)
            if max(taken.values()) < 1.5 * min(taken.values()):
                return
        pytest.fail(f"They can be told apart by the time it takes, in seconds: {taken}")


async def medians(
    client: AsyncClient, accounts: dict[str, str], password: str, rounds: int
) -> dict[str, float]:
    """Return the median seconds of each refusal, measured in a random order."""
    taken: dict[str, list[float]] = {kind: [] for kind in accounts}
    order = Random(1)  # noqa: S311
    for _ in range(rounds):
        for kind in order.sample([*accounts], len(accounts)):
            started = perf_counter()
            answer = await attempt(client, accounts[kind], password)
            taken[kind].append(perf_counter() - started)
            assert answer.status_code == (400 if password is TOO_LONG else 401)
    return {kind: median(times) for kind, times in taken.items()}


class TestSuccess:
    async def test_the_answer_is_a_pair_of_tokens_that_nobody_keeps(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        key = {"idempotency-key": "one-and-the-same"}
        body = {"email": user.email, "password": PASSWORD}
        first, second = [
            await client.post(f"{AUTH}/login", json=body, headers=key) for _ in range(2)
        ]
        assert first.status_code == 200
        assert set(first.json()) == {
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "refresh_expires_in",
        }
        assert first.json()["token_type"] == "bearer"
        assert first.headers["cache-control"] == "no-store"
        assert "etag" not in first.headers
        assert "idempotency-replayed" not in second.headers
        assert first.json()["refresh_token"] != second.json()["refresh_token"]

    async def test_the_address_may_be_written_otherwise(
        self, client: AsyncClient, user: TestUser
    ) -> None:
        for email in (user.email.upper(), f"  {user.email}\u0020", "Person@EXAMPLE.com"):
            assert (await attempt(client, email, PASSWORD)).status_code == 200

    async def test_composed_or_decomposed_it_is_the_same_password(
        self, client: AsyncClient
    ) -> None:
        composed, decomposed = "caf\u00e9 au lait noir", "cafe\u0301 au lait noir"
        for number, (set_as, typed) in enumerate([(composed, decomposed), (decomposed, composed)]):
            email = f"cafe{number}@example.com"
            body = {"name": "Some Body", "email": email, "password": set_as}
            assert (await client.post(f"{AUTH}/register", json=body)).status_code == 201
            assert (await attempt(client, email, typed)).status_code == 200

    async def test_a_password_kept_under_old_parameters_is_kept_anew(
        self, client: AsyncClient, auth: Module, user: TestUser
    ) -> None:
        passwords, old = auth.provider(PasswordService)(), PasswordHashing(memory_kib=128)
        await passwords.store(user.id, await old.hash(PASSWORD))
        await log_in(client, user)
        assert "$m=64," in str(await passwords.stored(user.id))
        await log_in(client, user)


class TestMaintenance:
    async def test_only_admins_get_in(
        self, client: AsyncClient, core: CoreContainer, user: TestUser, admin: TestUser
    ) -> None:
        await core.maintenance().switch(MaintenanceState(True, "Back soon", 7))
        closed = await attempt(client, user.email, PASSWORD)
        assert (closed.status_code, code_of(closed)) == (503, "http.maintenance")
        assert closed.headers["retry-after"] == "7"
        row = (await trail(core, "auth.login"))[-1]
        assert (row.outcome, row.actor_id) == ("failed", user.id)
        assert (await attempt(client, user.email, "wrong password")).status_code == 401
        tokens = await log_in(client, admin)
        answer = await client.get("/api/v1/users", headers=bearer(tokens["access_token"]))
        assert answer.status_code == 200
