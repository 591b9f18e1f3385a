"""One guard counts each password that proves an identity, and delays no other request."""

from asyncio import create_task, to_thread
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from itertools import count as counting
from threading import Event
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from argon2 import PasswordHasher
from httpx import AsyncClient, Response
from litestar import Litestar

from config.settings import Rate
from core.kit import Module
from core.testing import PASSWORD, CoreContainer, TestUser
from modules.auth.passwords.hashing import PasswordHashing
from modules.auth.service.login_delays import FREE
from modules.auth.service.login_throttle import LoginThrottle
from tests.modules.auth.conftest import AUTH, ME, code_of, limit_login
from tests.modules.auth.test_guessing import WRONG, attempt

MANY = Rate(10_000, 60)
USERS = "/api/v1/users"
NEW = "person.new@example.com"
keys = counting()


class Proof(NamedTuple):
    """A request that takes the password of the signed-in user."""

    method: str
    path: str
    field: str
    body: Mapping[str, str | None] = MappingProxyType({})

    async def send(self, user: TestUser, password: str, **headers: str) -> Response:
        path = self.path.replace("{id}", str(user.id))
        body = {**self.body, self.field: password}
        return await user.client.request(self.method, path, json=body, headers=headers)

    async def send_once(self, user: TestUser, password: str) -> Response:
        """Send the request with an Idempotency-Key of its own."""
        return await self.send(user, password, **{"idempotency-key": f"key{next(keys)}"})


WHOLE: dict[str, str | None] = {"name": "Some Person", "email": NEW, "age": None, "locale": None}
STEP_UP = Proof("POST", f"{AUTH}/step-up", "password")
CHANGE = Proof("POST", f"{AUTH}/password/change", "current_password", {"new_password": WRONG * 2})
DELETION = Proof("POST", f"{ME}/deletion", "password")
PROOFS = [
    STEP_UP,
    CHANGE,
    DELETION,
    Proof("PATCH", ME, "current_password", {"email": NEW}),
    Proof("PUT", ME, "current_password", WHOLE),
    Proof("PATCH", f"{USERS}/{{id}}", "current_password", {"email": NEW}),
    Proof("PUT", f"{USERS}/{{id}}", "current_password", WHOLE),
]
each_proof = pytest.mark.parametrize("proof", PROOFS, ids=lambda it: f"{it.method} {it.path}")
each_post = pytest.mark.parametrize(
    "proof", [STEP_UP, CHANGE, DELETION], ids=lambda it: f"{it.method} {it.path}"
)


@pytest.fixture
def overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    limit_login(monkeypatch, MANY, MANY)
    return {"rate_limit_enabled": True}


@each_proof
async def test_every_proof_is_slowed_down_alike(user: TestUser, proof: Proof) -> None:
    answers = [await proof.send(user, WRONG) for _ in range(FREE + 1)]
    assert [each.status_code for each in answers] == [403] * FREE + [429]
    assert {code_of(each) for each in answers[:FREE]} == {"auth.proof_failed"}
    assert code_of(answers[-1]) == "auth.too_many_attempts"
    assert answers[-1].headers["retry-after"] == "1"
    assert (await STEP_UP.send(user, PASSWORD)).status_code == 429, "counted together"


async def test_all_proofs_of_a_session_count_together(app: Litestar, user: TestUser) -> None:
    answers = [await proof.send(user, WRONG) for proof in PROOFS]
    assert [each.status_code for each in answers] == [403] * FREE + [429, 429]
    other_user = await attempt(app, user.email, PASSWORD)
    assert other_user.status_code == 200, "the session is counted by itself"


@each_post
async def test_a_count_outlives_the_refusal_of_a_request_that_has_a_key(
    user: TestUser, proof: Proof
) -> None:
    answers = [await proof.send_once(user, WRONG) for _ in range(FREE + 1)]
    assert [each.status_code for each in answers] == [403] * FREE + [429]


async def test_a_missing_password_is_refused_and_not_counted(user: TestUser) -> None:
    for _ in range(FREE + 2):
        answer = await user.client.patch(ME, json={"email": NEW})
        assert (answer.status_code, code_of(answer)) == (403, "auth.proof_failed")
    assert (await STEP_UP.send(user, PASSWORD)).status_code == 204


async def test_the_right_password_is_a_proof_with_a_key_and_is_asked_for_once(
    user: TestUser,
) -> None:
    headers = {"idempotency-key": "same"}
    first, second = [await DELETION.send(user, PASSWORD, **headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 401), "it has ended every session"


class TestWithTwoWorkers:
    """The workers share only the database for the rates of signing in."""

    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        limit_login(monkeypatch, MANY, Rate(4, 60))
        return {"rate_limit_enabled": True, "workers": 2}

    @each_post
    async def test_the_rate_counts_what_is_refused(self, user: TestUser, proof: Proof) -> None:
        answers = [await proof.send_once(user, WRONG) for _ in range(6)]
        assert [each.status_code for each in answers] == [403] * 4 + [429] * 2


@contextmanager
def held_up() -> Iterator[tuple[Event, Event]]:
    """Yield two events: one says that a hash has begun, the other lets it continue."""
    begun, go_on = Event(), Event()

    def waiting(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            begun.set()
            go_on.wait(timeout=30)
            return work(*arguments)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("hash", "verify"):
            patch.setattr(PasswordHasher, name, waiting(getattr(PasswordHasher, name)))
        try:
            yield begun, go_on
        finally:
            go_on.set()


async def test_no_writer_waits_for_a_hash(
    client: AsyncClient, admin: TestUser, other_user: TestUser
) -> None:
    new = {"name": "Somebody New", "email": "new@example.com", "password": PASSWORD}
    requests: list[Callable[[dict[str, str]], Coroutine[Any, Any, Response]]] = [
        lambda key: client.post(f"{AUTH}/register", json=new, headers=key),
        lambda key: admin.client.post(USERS, json=new | {"email": "2@example.com"}, headers=key),
        lambda key: admin.client.post(
            "/api/v1/admin/users", json=new | {"email": "3@example.com"}, headers=key
        ),
        lambda key: STEP_UP.send(admin, PASSWORD, **key),
        lambda key: CHANGE.send(admin, PASSWORD, **key),
    ]
    for number, request in enumerate(requests):
        with held_up() as (begun, go_on):
            slow = create_task(request({"idempotency-key": f"slow{number}"}))
            assert await to_thread(begun.wait, 30)
            change = await other_user.client.patch(ME, json={"name": f"Number {number}"})
            assert change.status_code == 200
            assert not slow.done()
            go_on.set()
            assert (await slow).is_success


async def test_inside_a_transaction_nothing_is_hashed_or_counted(
    core: CoreContainer, auth: Module, user: TestUser
) -> None:
    passwords = auth.provider(PasswordHashing)()
    async with core.db().transaction():
        with pytest.raises(RuntimeError, match="before the transaction opens"):
            async with auth.provider(LoginThrottle)().attempt(user.email):
                raise AssertionError
        with pytest.raises(RuntimeError, match="before the transaction opens"):
            await passwords.hash(PASSWORD)
        with pytest.raises(RuntimeError, match="before the transaction opens"):
            await passwords.verify(None, PASSWORD)
        with pytest.raises(RuntimeError, match="before the transaction opens"):
            await core.limits().of("login").check("someone")
        with pytest.raises(RuntimeError, match="before the transaction opens"):
            core.db().separate()
    assert await passwords.verify(await passwords.hash(PASSWORD), PASSWORD)
