"""Clients that have signed in to an account are counted apart, so no attacker locks them out."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import func, select, update

from config.settings import Rate
from core.testing import PASSWORD, CoreContainer, TestUser, later
from modules.auth.models import Attempts
from modules.auth.service.login_delays import CEILING, FREE, FREE_TO_UNKNOWN
from modules.auth.service.login_throttle import MOST_KNOWN
from modules.users.plugin import Plugin
from modules.users.service.admins import AdminService
from modules.users.values import NewAccount
from tests.modules.auth.conftest import AUTH, code_of, limit_login, log_in
from tests.modules.auth.test_guessing import WRONG, attempt, statuses

MANY = Rate(10_000, 60)
HOME = "127.0.0.1"  # the client IP of the fixtures
NEW_PASSWORD = "a horse of another colour"
KNOWN = select(func.count()).select_from(Attempts).where(Attempts.known_until.is_not(None))
ROWS = select(func.count()).select_from(Attempts).where(Attempts.account.is_not(None))


@pytest.fixture
def overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    limit_login(monkeypatch, MANY, MANY)
    return {"rate_limit_enabled": True}


async def nearly_reach_the_ceiling(core: CoreContainer) -> None:
    """Leave one attempt in each row of an account, as after weeks of guessing."""
    left = {"failures": CEILING - 1, "open_at": Attempts.since}
    async with core.db().transaction() as tx:
        await tx.session.execute(update(Attempts).where(Attempts.account.is_not(None)).values(left))


async def lock_out_unknown_clients(app: Litestar, core: CoreContainer, email: str) -> None:
    await attempt(app, email)
    await nearly_reach_the_ceiling(core)
    async with core.db().transaction() as tx:
        nothing = update(Attempts).where(Attempts.known_until.is_not(None)).values(failures=0)
        await tx.session.execute(nothing)
    assert (await attempt(app, email, address="192.0.2.2")).status_code == 401
    refused = await attempt(app, email, PASSWORD, address="192.0.2.3")
    assert (refused.status_code, code_of(refused)) == (403, "auth.reset_required")


async def count(core: CoreContainer, statement: Any) -> int:
    async with core.db().read() as reads:
        return int(await reads.scalar(statement))


class TestUnknownClients:
    async def test_unknown_clients_delay_each_other_but_no_known_client(
        self, app: Litestar, user: TestUser
    ) -> None:
        for number in range(FREE_TO_UNKNOWN):
            answer = await attempt(app, user.email, address=f"192.0.2.{number}")
            assert answer.status_code == 401
        assert (await attempt(app, user.email, address="192.0.2.99")).status_code == 429
        assert (await attempt(app, user.email, PASSWORD, HOME)).status_code == 200

    async def test_close_the_account_to_unknown_clients_alone(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        await lock_out_unknown_clients(app, core, user.email)
        assert (await attempt(app, user.email, PASSWORD, HOME)).status_code == 200
        proof = await user.client.post(f"{AUTH}/step-up", json={"password": PASSWORD})
        assert proof.status_code == 204
        assert (await attempt(app, user.email, PASSWORD)).status_code == 403, "strangers stay out"

    async def test_unknown_clients_are_asked_to_reset_instead_of_to_wait(
        self, app: Litestar, core: CoreContainer, client: AsyncClient, user: TestUser
    ) -> None:
        for email in (user.email, "unknown@example.com"):
            await lock_out_unknown_clients(app, core, email)
            refused = await attempt(app, email)
            assert "retry-after" not in refused.headers
            assert "must be reset" in refused.json()["detail"]
        form = {"grant_type": "password", "username": "unknown@example.com", "password": WRONG}
        by_form = await client.post(f"{AUTH}/token", data=form)
        assert (by_form.status_code, by_form.json()["error"]) == (400, "invalid_grant")
        assert "must be reset" in by_form.json()["error_description"]

    async def test_that_guess_before_there_is_an_account_do_not_close_it(
        self, app: Litestar, core: CoreContainer, client: AsyncClient
    ) -> None:
        email = "early@example.com"
        await lock_out_unknown_clients(app, core, email)
        body = {"name": "Early Bird", "email": email, "password": PASSWORD}
        assert (await client.post(f"{AUTH}/register", json=body)).status_code == 201
        assert (await attempt(app, email, PASSWORD)).status_code == 200

    async def test_unknown_clients_use_up_their_own_rate(
        self, app: Litestar, user: TestUser
    ) -> None:
        assert await statuses(app, user.email, FREE + 3) == [401] * FREE + [429] * 3
        assert await statuses(app, user.email, FREE, HOME) == [401] * FREE


class TestRate:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        limit_login(monkeypatch, MANY, Rate(4, 60))
        return {"rate_limit_enabled": True}

    async def test_five_a_minute_of_unknown_clients_leave_the_known_client_its_own(
        self, app: Litestar, user: TestUser
    ) -> None:
        for number in range(6):
            await attempt(app, user.email, address=f"192.0.2.{number}")
        refused = await attempt(app, user.email, PASSWORD, address="192.0.2.99")
        assert code_of(refused) == "http.too_many_requests"
        assert (await attempt(app, user.email, PASSWORD, HOME)).status_code == 200

    async def test_an_attempt_that_the_rate_refuses_is_not_counted_as_wrong(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        await statuses(app, user.email, 6, HOME)
        async with core.db().read() as reads:
            failures = select(Attempts.failures).where(Attempts.known_until.is_not(None))
            assert await reads.scalar(failures) == 4


class TestKnownClients:
    async def test_slow_down_by_themselves_and_in_the_end_need_a_reset(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        assert await statuses(app, user.email, FREE + 1, HOME) == [401] * FREE + [429]
        assert (await attempt(app, user.email, PASSWORD)).status_code == 200, "another client"
        await nearly_reach_the_ceiling(core)
        assert (await attempt(app, user.email, WRONG, HOME)).status_code == 401
        assert code_of(await attempt(app, user.email, PASSWORD, HOME)) == "auth.reset_required"
        assert (await attempt(app, user.email, PASSWORD)).status_code == 200

    async def test_known_clients_are_known_by_their_network(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        home = "2001:db8:1:2::1"
        assert (await attempt(app, user.email, PASSWORD, home)).status_code == 200
        await lock_out_unknown_clients(app, core, user.email)
        for address, status in (("2001:db8:1:2::ffff", 200), ("2001:db8:1:3::1", 403)):
            assert (await attempt(app, user.email, PASSWORD, address)).status_code == status

    async def test_known_clients_are_forgotten_after_three_months(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        await lock_out_unknown_clients(app, core, user.email)
        with later(days=89):
            assert (await attempt(app, user.email, PASSWORD, HOME)).status_code == 200
        with later(days=89 + 91):
            assert (await attempt(app, user.email, PASSWORD, HOME)).status_code == 403

    async def test_known_clients_are_the_ten_that_signed_in_last(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        for number in range(MOST_KNOWN + 2):
            answer = await attempt(app, user.email, PASSWORD, f"203.0.113.{number}")
            assert answer.status_code == 200
        assert await count(core, KNOWN) == MOST_KNOWN
        await lock_out_unknown_clients(app, core, user.email)
        for number, status in ((1, 403), (2, 200), (MOST_KNOWN + 1, 200)):
            answer = await attempt(app, user.email, PASSWORD, f"203.0.113.{number}")
            assert answer.status_code == status

    async def test_known_clients_of_one_account_are_unknown_to_another(
        self, app: Litestar, core: CoreContainer, user: TestUser
    ) -> None:
        await lock_out_unknown_clients(app, core, "other@example.com")
        assert (await attempt(app, "other@example.com", PASSWORD, HOME)).status_code == 403

    async def test_known_clients_are_erased_with_the_account(
        self, app: Litestar, core: CoreContainer, user: TestUser, admin: TestUser
    ) -> None:
        await attempt(app, user.email)
        before = await count(core, ROWS)
        erased = await admin.client.delete(f"/api/v1/admin/users/{user.id}")
        assert erased.status_code == 204
        assert await count(core, ROWS) == before - 3


Clearing = Callable[[Litestar, TestUser, TestUser], Awaitable[None]]


async def enable(_: Litestar, user: TestUser, admin: TestUser) -> None:
    answer = await admin.client.post(f"/api/v1/admin/users/{user.id}/enable")
    assert answer.status_code == 204


async def change_the_password(_: Litestar, user: TestUser, __: TestUser) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await user.client.post(f"{AUTH}/password/change", json=body)
    assert answer.status_code == 204


async def promote(app: Litestar, user: TestUser, _: TestUser) -> None:
    admins = app.plugins.get(Plugin).provider(AdminService)()
    new = NewAccount(name="Boss", email=user.email, password=NEW_PASSWORD)
    await admins.make(new, promote=True)


async def unlock(app: Litestar, user: TestUser, _: TestUser) -> None:
    await app.plugins.get(Plugin).provider(AdminService)().unlock(user.email)


@pytest.mark.parametrize(
    ("clear", "password"),
    [
        (enable, PASSWORD),
        (unlock, PASSWORD),
        (change_the_password, NEW_PASSWORD),
        (promote, NEW_PASSWORD),
    ],
)
async def test_what_opens_the_account_again(
    app: Litestar,
    core: CoreContainer,
    user: TestUser,
    admin: TestUser,
    clear: Clearing,
    password: str,
) -> None:
    await lock_out_unknown_clients(app, core, user.email)
    await attempt(app, user.email, WRONG, HOME)
    await clear(app, user, admin)
    assert (await attempt(app, user.email, password)).status_code == 200
    assert await statuses(app, user.email, FREE, HOME) == [401] * FREE


async def test_who_signs_in_again_from_home_keeps_the_session_of_before(
    app: Litestar, core: CoreContainer, client: AsyncClient, user: TestUser
) -> None:
    await lock_out_unknown_clients(app, core, user.email)
    assert await log_in(client, user)
    assert (await user.client.get("/api/v1/users/me")).status_code == 200
