"""Guessing is slow, per account and per client IP, and equally for accounts that do not exist."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar

from config.settings import Rate
from core.kit import Module
from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once, later
from modules.auth.passwords.hashing import PasswordHashing
from modules.auth.service.login_delays import (
    CEILING,
    FREE,
    FREE_BY_CLIENT_IP,
    FREE_TO_UNKNOWN,
    delay_after,
)
from tests.modules.auth.conftest import AUTH, code_of, limit_login
from tests.modules.auth.trail import trail

MANY = Rate(10_000, 60)
WRONG = "wrong password"


@pytest.fixture
def rates() -> tuple[Rate, Rate]:
    return MANY, MANY


@pytest.fixture
def overrides(rates: tuple[Rate, Rate], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    limit_login(monkeypatch, *rates)
    return {"rate_limit_enabled": True, "rate_limit_anonymous": MANY}


async def attempt(
    app: Litestar, email: str, password: str = WRONG, address: str = "192.0.2.1"
) -> Response:
    """Send a sign-in from this client IP."""
    transport = ASGITransport(app, client=(address, 1))  # type: ignore[arg-type]
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        body = {"email": email, "password": password}
        return await client.post(f"{AUTH}/login", json=body)


async def statuses(app: Litestar, email: str, times: int, address: str = "192.0.2.1") -> list[int]:
    return [(await attempt(app, email, address=address)).status_code for _ in range(times)]


@contextmanager
def counting(passwords: PasswordHashing) -> Iterator[list[str]]:
    """Yield the passwords that are hashed."""
    reached: list[str] = []
    original = passwords.verify

    async def verify(stored: str | None, password: str) -> bool:
        reached.append(password)
        return await original(stored, password)

    passwords.verify = verify  # type: ignore[method-assign]
    yield reached


class TestByAccount:
    async def test_each_guess_after_five_waits_longer(self, app: Litestar, user: TestUser) -> None:
        assert await statuses(app, user.email, FREE) == [401] * FREE
        refused = await attempt(app, user.email)
        assert (refused.status_code, code_of(refused)) == (429, "auth.too_many_attempts")
        assert refused.headers["retry-after"] == "1"
        with later(seconds=1.1):
            assert (await attempt(app, user.email)).status_code == 401
            assert (await attempt(app, user.email)).headers["retry-after"] == "2"

    @pytest.mark.parametrize("jump", [{"days": 1}, {"minutes": 5}, {"days": -1}])
    async def test_wrong_guesses_under_a_wrong_clock_lock_nobody_out(
        self, app: Litestar, user: TestUser, jump: dict[str, int]
    ) -> None:
        with later(**jump):
            assert await statuses(app, user.email, FREE - 1) == [401] * (FREE - 1)
        assert (await attempt(app, user.email, PASSWORD)).status_code == 200

    async def test_the_right_password_must_wait_too_and_then_clears(
        self, app: Litestar, user: TestUser
    ) -> None:
        await statuses(app, user.email, FREE)
        assert (await attempt(app, user.email, PASSWORD)).status_code == 429
        with later(seconds=1.1):
            assert (await attempt(app, user.email, PASSWORD)).status_code == 200
            assert await statuses(app, user.email, FREE + 1) == [401] * FREE + [429]

    async def test_an_unknown_account_is_counted_alike(self, app: Litestar, user: TestUser) -> None:
        known, unknown = [
            [await attempt(app, email) for _ in range(FREE + 2)]
            for email in (user.email, "unknown@example.com")
        ]
        for one, other in zip(known, unknown, strict=True):
            assert one.status_code == other.status_code
            assert one.headers.keys() == other.headers.keys()
            assert one.headers.get("retry-after") == other.headers.get("retry-after")
            assert one.json()["code"] == other.json()["code"]

    async def test_it_is_one_account_however_it_is_written(
        self, app: Litestar, user: TestUser
    ) -> None:
        spellings = (
            user.email.upper(),
            f" {user.email} ",
            "person@\uff45xample.com",
            "PERSON@example.COM",
            user.email,
        )
        for email in spellings:
            assert (await attempt(app, email)).status_code == 401
        assert (await attempt(app, user.email)).status_code == 429
        assert (await attempt(app, "person+tag@example.com")).status_code == 401

    async def test_one_client_does_not_delay_another(self, app: Litestar, user: TestUser) -> None:
        await statuses(app, user.email, FREE + 1)
        other = await attempt(app, user.email, PASSWORD, address="192.0.2.2")
        assert other.status_code == 200

    @pytest.mark.usefixtures("patience")
    async def test_a_hundred_guesses_from_a_hundred_client_ips_are_counted_together(
        self, app: Litestar, auth: Module, user: TestUser
    ) -> None:
        with counting(auth.provider(PasswordHashing)()) as reached:
            answers = await at_once(
                *(attempt(app, user.email, address=f"198.51.100.{n}") for n in range(100))
            )
        assert FREE_TO_UNKNOWN <= len(reached) <= FREE_TO_UNKNOWN + 1
        assert sorted({each.status_code for each in answers}) == [401, 429]

    def test_the_delay_grows_to_a_quarter_of_an_hour(self) -> None:
        seconds = [delay_after(failures).total_seconds() for failures in range(CEILING + 1)]
        assert seconds[:FREE] == [0] * FREE
        assert seconds[FREE : FREE + 4] == [1, 2, 4, 8]
        assert max(seconds) == 15 * 60


class TestByAddress:
    async def test_guesses_at_many_accounts_from_one_client_ip_are_limited(
        self, app: Litestar
    ) -> None:
        answers = [await attempt(app, f"u{n}@example.com") for n in range(FREE_BY_CLIENT_IP + 1)]
        assert [each.status_code for each in answers] == [401] * FREE_BY_CLIENT_IP + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 300
        other = await attempt(app, "u0@example.com", address="192.0.2.2")
        assert other.status_code == 401
        with later(minutes=5, seconds=1):
            assert (await attempt(app, "x@example.com")).status_code == 401

    async def test_an_ipv6_client_is_its_network_and_the_trail_has_the_whole_address(
        self, app: Litestar, core: CoreContainer
    ) -> None:
        for number in range(FREE_BY_CLIENT_IP):
            answer = await attempt(app, f"u{number}@example.com", address=f"2001:db8::{number:x}")
            assert answer.status_code == 401
        refused = await attempt(app, "x@example.com", address="2001:db8::ffff:1")
        assert code_of(refused) == "auth.too_many_attempts"
        neighbour = await attempt(app, "x@example.com", address="2001:db8:0:1::1")
        assert neighbour.status_code == 401
        rows = await trail(core, "auth.login")
        assert rows[5].address == "2001:db8::5"

    async def test_who_is_right_is_not_counted(self, app: Litestar, user: TestUser) -> None:
        for _ in range(FREE_BY_CLIENT_IP + 2):
            assert (await attempt(app, user.email, PASSWORD)).status_code == 200


class TestRates:
    @pytest.fixture
    def rates(self) -> tuple[Rate, Rate]:
        return Rate(10, 60), Rate(4, 60)

    async def test_one_client_ip_has_ten_attempts_a_minute(self, app: Litestar) -> None:
        answers = [await attempt(app, f"u{n}@example.com") for n in range(12)]
        assert [each.status_code for each in answers] == [401] * 10 + [429] * 2
        other = await attempt(app, "u@example.com", address="2001:db8::1")
        assert other.status_code == 401
        last = answers[-1]
        assert last.headers["ratelimit-policy"] == '"login";q=10;w=60'
        assert last.headers["ratelimit"].startswith('"login";r=0;t=')
        assert int(last.headers["retry-after"]) > 0

    async def test_fewer_for_one_account_whether_there_is_one_or_not(
        self, app: Litestar, user: TestUser
    ) -> None:
        before = {user.email: 1, "unknown@example.com": 0}  # each existing user has signed in once
        for email, used in before.items():
            answers = [
                (await attempt(app, email, address=f"203.0.113.{n}")).status_code for n in range(6)
            ]
            assert answers == [401] * (4 - used) + [429] * (2 + used)

    async def test_the_token_endpoint_shares_the_rates(
        self, app: Litestar, client: AsyncClient, user: TestUser
    ) -> None:
        """The client has signed in before, so its attempts are counted separately."""
        form = {"grant_type": "password", "username": user.email, "password": WRONG}
        assert await statuses(app, user.email, 1, address="127.0.0.1") == [401]
        answers = [await client.post(f"{AUTH}/token", data=form) for _ in range(4)]
        refused = [each for each in answers if each.status_code == 429]
        for each in refused:
            assert each.headers.get_list("ratelimit-policy") == ['"login-account";q=4;w=60']
            assert each.headers["ratelimit"].startswith('"login-account";r=0;t=')
        assert refused
        assert [each.status_code for each in answers] == [400] * 3 + [429]


class TestFlood:
    @pytest.mark.usefixtures("patience")
    async def test_two_hundred_wrong_guesses_at_once_are_counted(
        self, app: Litestar, auth: Module, user: TestUser
    ) -> None:
        with counting(auth.provider(PasswordHashing)()) as reached:
            answers = await at_once(*(attempt(app, user.email) for _ in range(200)))
        assert len(reached) <= FREE + 3, "a second that passes lets one more through"
        assert {each.status_code for each in answers} == {401, 429}

    @pytest.mark.race
    async def test_each_account_is_counted_by_itself(self, app: Litestar, auth: Module) -> None:
        with counting(auth.provider(PasswordHashing)()) as reached:
            for number in range(ROUNDS):
                where = f"u{number}@example.com", WRONG, f"192.0.2.{number}"
                answers = await at_once(*(attempt(app, *where) for _ in range(CLIENTS)))
                assert {each.status_code for each in answers} == {401, 429}
                assert FREE <= len(reached) <= FREE + 1, "a second that passes lets one through"
                reached.clear()

    async def test_two_instances_count_together(
        self, client: AsyncClient, other_instance: AsyncClient, user: TestUser
    ) -> None:
        body = {"email": user.email, "password": WRONG}
        for _ in range(3):
            assert (await client.post(f"{AUTH}/login", json=body)).status_code == 401
        others = [await other_instance.post(f"{AUTH}/login", json=body) for _ in range(3)]
        assert [each.status_code for each in others] == [401, 401, 429]


class TestSwitchedOff:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {"rate_limit_enabled": False}

    async def test_there_is_no_delay(self, app: Litestar, user: TestUser) -> None:
        assert await statuses(app, user.email, 12) == [401] * 12

    @pytest.mark.usefixtures("patience")
    async def test_the_hashes_have_a_bounded_queue(
        self, app: Litestar, auth: Module, user: TestUser
    ) -> None:
        answers = await at_once(*(attempt(app, user.email, "x" * 256) for _ in range(200)))
        found = {each.status_code for each in answers}
        assert found <= {401, 503}
        for each in answers:
            if each.status_code == 503:
                assert each.headers["retry-after"] and code_of(each) == "auth.busy"
        assert (await attempt(app, user.email, PASSWORD)).status_code == 200
