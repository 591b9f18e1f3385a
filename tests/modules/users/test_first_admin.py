import stat
from typing import Any

import pytest
from click.testing import CliRunner
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import delete

from config.settings import Settings
from core.kit import Module
from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once, sign_in
from modules.users.commands import given_password, user_group
from modules.users.errors import FirstAdminRefused, UserNotFound
from modules.users.first_admin import FILE, FirstAdmin
from modules.users.models import User
from modules.users.service.accounts import AccountService
from modules.users.service.admins import AdminService
from modules.users.settings import FirstAdminSettings
from modules.users.values import NewAccount
from tests.modules.users.asking import USERS, audited

EMAIL = "boss@example.com"
MADE = "First admin: made from ADMIN_EMAIL and ADMIN_PASSWORD."


def first_admin(users: Module, settings: Settings, **values: Any) -> FirstAdmin:
    chosen = {name: values.pop(name) for name in [*values] if name.startswith("admin_")}
    return FirstAdmin(
        settings=settings.model_copy(update=values),
        chosen=FirstAdminSettings(**chosen),
        admins=users.provider(AdminService)(),
    )


@pytest.fixture
def named(users: Module, settings: Settings) -> FirstAdmin:
    return first_admin(users, settings, admin_email=EMAIL, admin_password=SecretStr(PASSWORD))


async def test_nobody_is_made_admin_unless_it_is_asked_for(
    users: Module, settings: Settings
) -> None:
    for values in ({}, {"admin_email": EMAIL}, {"environment": "production"}):
        assert await first_admin(users, settings, **values).ensure() is None
    assert not await users.provider(AdminService)().exists()


@pytest.mark.race
async def test_the_first_admin_is_made_once(
    users: Module, named: FirstAdmin, core: CoreContainer, client: AsyncClient
) -> None:
    for _ in range(ROUNDS):
        async with core.db().transaction() as tx:
            await tx.session.execute(delete(User))
        outcomes = await at_once(*(named.ensure() for _ in range(CLIENTS)))
        assert [each for each in outcomes if each] == [MADE]
    account = await users.provider(AccountService)().by_email(EMAIL)
    assert account and account.roles == ("admin", "member")
    await sign_in(client, EMAIL)
    assert await named.ensure() is None


async def test_somebody_who_is_admin_already_is_enough(named: FirstAdmin, admin: TestUser) -> None:
    assert await named.ensure() is None


async def test_an_account_with_that_address_is_not_promoted(
    users: Module, named: FirstAdmin
) -> None:
    new = NewAccount(name="Quick One", email=EMAIL.upper(), password=PASSWORD)
    await users.provider(AccountService)().register(new)
    with pytest.raises(FirstAdminRefused, match="atrium user create-admin"):
        await named.ensure()
    assert not await users.provider(AdminService)().exists()


async def test_a_password_without_an_email_stops_the_start(
    users: Module, settings: Settings
) -> None:
    unnamed = first_admin(users, settings, admin_password=SecretStr(PASSWORD))
    with pytest.raises(FirstAdminRefused, match="requires ADMIN_EMAIL"):
        await unnamed.ensure()
    assert "requires ADMIN_EMAIL" in str(await unnamed.examine())
    assert not await users.provider(AdminService)().exists()


async def test_production_makes_no_admin_without_a_password(
    users: Module, settings: Settings
) -> None:
    given = {"environment": "production", "admin_email": EMAIL}
    with pytest.raises(FirstAdminRefused, match="requires ADMIN_PASSWORD in production"):
        await first_admin(users, settings, **given).ensure()
    assert not await users.provider(AdminService)().exists()


@pytest.mark.parametrize("kept", [{"admin_email": EMAIL}, {}], ids=["address", "neither"])
async def test_the_password_may_be_taken_out_once_there_is_an_admin(
    users: Module, settings: Settings, admin: TestUser, kept: dict[str, str]
) -> None:
    later = first_admin(users, settings, environment="production", **kept)
    assert (await later.ensure(), await later.examine()) == (None, None)


async def test_it_does_not_when_somebody_is_admin(
    users: Module, settings: Settings, admin: TestUser
) -> None:
    unnamed = first_admin(users, settings, admin_password=SecretStr(PASSWORD))
    assert (await unnamed.ensure(), await unnamed.examine()) == (None, None)


async def test_a_password_is_generated_and_kept_private_in_development(
    users: Module, settings: Settings, client: AsyncClient
) -> None:
    admin = first_admin(users, settings, environment="development", admin_email=EMAIL)
    notice = await admin.ensure()
    file = settings.data_dir / FILE
    assert notice is not None and str(file) in notice
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    email, password = file.read_text().split()
    assert email == EMAIL and password not in notice
    await sign_in(client, EMAIL, password)


class TestTheLongestMinimum:
    @pytest.fixture
    def overrides(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
        monkeypatch.setenv("AUTH_PASSWORD_MIN_LENGTH", "64")
        return {}

    async def test_a_generated_password_is_long_enough(
        self, users: Module, settings: Settings, client: AsyncClient
    ) -> None:
        admin = first_admin(users, settings, environment="development", admin_email=EMAIL)
        assert await admin.ensure()
        await sign_in(client, *(settings.data_dir / FILE).read_text().split())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "ADMIN_PASSWORD is refused: This password is too common: choose another."),
        ({"admin_email": "a@b..c"}, "ADMIN_EMAIL is refused: "),
    ],
)
async def test_a_refusal_names_the_setting(
    users: Module, settings: Settings, given: dict[str, str], sentence: str
) -> None:
    common = {"admin_email": EMAIL, "admin_password": SecretStr("password123"), **given}
    with pytest.raises(FirstAdminRefused, match=sentence):
        await first_admin(users, settings, **common).ensure()


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_a_terminal_shows_it_but_never_a_log(
    users: Module, settings: Settings, monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    given = {"environment": "development", "admin_email": EMAIL, "log_format": log_format}
    notice = str(await first_admin(users, settings, **given).ensure())
    file = settings.data_dir / FILE
    assert ("shown once" in notice, file.exists()) == (
        log_format == "console",
        log_format == "json",
    )
    assert log_format == "console" or file.read_text().split()[1] not in notice


def test_a_password_in_the_environment_is_not_taken_behind_an_operators_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = FirstAdminSettings(admin_password=SecretStr(PASSWORD))
    monkeypatch.setattr("modules.users.commands.click.prompt", lambda *_, **__: "another one")
    for is_terminal, password in ((True, "another one"), (False, PASSWORD)):
        monkeypatch.setattr("sys.stdin.isatty", lambda answer=is_terminal: answer)
        assert given_password(given) == password


async def test_an_operator_makes_admins(users: Module, user: TestUser) -> None:
    make = users.provider(AdminService)().make
    await make(NewAccount(name="Boss", email=EMAIL, password=PASSWORD), promote=False)
    taken = NewAccount(name="Boss", email=user.email, password="another good one 42")
    with pytest.raises(Exception, match="--promote"):
        await make(taken, promote=False)
    assert (await user.client.get(USERS)).status_code == 403
    await make(taken, promote=True)
    promoted = await users.provider(AccountService)().by_email(user.email)
    assert promoted and promoted.roles == ("admin", "member")
    await sign_in(user.client, user.email, taken.password)


def test_the_command_says_what_to_do_before_anything_is_built() -> None:
    def unbuilt() -> Any:
        raise AssertionError

    def run(email: str, **values: Any) -> str:
        group = user_group(unbuilt, unbuilt, lambda: FirstAdminSettings(**values))
        result = CliRunner().invoke(group, ["create-admin", "--email", email])
        assert result.exit_code == 1
        return result.output

    assert "email:" in run("nothing", admin_password=SecretStr(PASSWORD))
    assert "set ADMIN_PASSWORD" in run(EMAIL)


async def test_an_operator_unlocks_the_accounts_that_exist(
    users: Module, user: TestUser, core: CoreContainer
) -> None:
    with pytest.raises(UserNotFound, match="No account has the e-mail address"):
        await users.provider(AdminService)().unlock("nobody@example.com")
    await users.provider(AdminService)().unlock(user.email.upper())
    assert len(await audited(core, "users.unlock")) == 1
