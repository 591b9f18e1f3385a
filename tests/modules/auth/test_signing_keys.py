"""Signing keys: the same in all processes, and rotated without an effect on users."""

import pytest
from click.testing import CliRunner
from httpx import AsyncClient
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import delete, func, select

from config.settings import Settings
from core.kit import Command, Module
from core.testing import (
    CLIENTS,
    ROUNDS,
    Applications,
    CoreContainer,
    TestUser,
    at_once,
    client_of,
    later,
)
from modules.auth.models import SigningKey
from modules.auth.service.cleanup import ExpiredDataCleanup
from modules.auth.service.signing_keys import SigningKeys
from tests.modules.auth.conftest import log_in, refresh, works
from tests.modules.auth.trail import trail

JWKS = "/.well-known/jwks.json"


@pytest.mark.race
async def test_several_processes_make_one(
    app: Litestar, core: CoreContainer, client: AsyncClient, other_instance: AsyncClient
) -> None:
    both = (client, other_instance) * (CLIENTS // 2)
    for _ in range(ROUNDS):
        async with core.db().transaction() as tx:
            await tx.session.execute(delete(SigningKey))
            tx.invalidate("auth_signing_keys")
        answers = await at_once(*(each.get(JWKS) for each in both))
        assert {each.status_code for each in answers} == {200}
        assert len({each.text for each in answers}) == 1
        async with core.db().read() as reads:
            assert await reads.scalar(select(func.count()).select_from(SigningKey)) == 1


async def test_a_rotation_signs_no_user_out(
    client: AsyncClient,
    other_instance: AsyncClient,
    core: CoreContainer,
    auth: Module,
    user: TestUser,
) -> None:
    await auth.provider(SigningKeys)().rotate()
    for instance in (client, other_instance):
        assert await works(instance, user.tokens)
    fresh = await log_in(client, user)
    assert fresh["access_token"].split(".")[0] != user.tokens["access_token"].split(".")[0]
    assert await works(other_instance, fresh)
    assert len((await client.get(JWKS)).json()["keys"]) == 2
    assert len(await trail(core, "auth.rotate_keys")) == 1


async def test_an_old_key_goes_with_its_last_token(
    client: AsyncClient, auth: Module, user: TestUser
) -> None:
    await auth.provider(SigningKeys)().rotate()
    with later(seconds=620):
        await auth.provider(ExpiredDataCleanup)().sweep()
        assert len((await client.get(JWKS)).json()["keys"]) == 2
    with later(seconds=631):
        await auth.provider(ExpiredDataCleanup)().sweep()
        assert len((await client.get(JWKS)).json()["keys"]) == 1
        assert (await refresh(client, user.tokens)).status_code == 200


async def test_a_key_that_got_out_is_withdrawn_at_once(
    client: AsyncClient, other_instance: AsyncClient, auth: Module, user: TestUser
) -> None:
    for instance in (client, other_instance):
        assert await works(instance, user.tokens)
    await auth.provider(SigningKeys)().rotate(withdraw=True)
    for instance in (client, other_instance):
        assert not await works(instance, user.tokens)
    assert await works(client, (await refresh(client, user.tokens)).json())


async def test_stored_keys_are_encrypted(core: CoreContainer, auth: Module) -> None:
    ring = await auth.provider(SigningKeys)().ring()
    async with core.db().read() as reads:
        sealed = bytes(await reads.scalar(select(SigningKey.sealed)) or b"")
    assert b"PRIVATE KEY" not in sealed
    assert str(ring.signing.as_dict(private=True)["d"]).encode() not in sealed
    assert sealed


async def test_under_another_secret_key_a_new_one_is_made(
    app: Litestar, settings: Settings, applications: Applications, user: TestUser
) -> None:
    """SECRET_KEY was changed without SECRET_KEY_PREVIOUS: a refresh is enough to continue."""
    key = SecretStr("another secret key " * 3)
    changed = settings.model_copy(update={"secret_key": key})
    async with applications.started(changed) as other, client_of(other) as client:
        assert not await works(client, user.tokens)
        assert await works(client, (await refresh(client, user.tokens)).json())


async def test_a_sister_deployment_has_other_keys(
    client: AsyncClient, user: TestUser, auth: Module, settings: Settings
) -> None:
    """The URL and the audience are the same, and the database is not: its tokens are invalid."""
    claims = jwt.decode(
        user.tokens["access_token"],
        (await auth.provider(SigningKeys)().ring()).signing,
        ["ES256"],
    )
    foreign = ECKey.generate_key("P-256", auto_kid=True)
    token = jwt.encode({**claims.header, "kid": foreign.kid}, claims.claims, foreign)
    assert not await works(client, {"access_token": token})


def test_the_command_says_what_it_did(app: Litestar, core: CoreContainer) -> None:
    [keys] = [each for each in core.contributions().of(Command) if each.name == "auth.keys"]
    result = CliRunner().invoke(keys.make(), ["--help"])
    assert result.exit_code == 0 and "rotate" in result.output
