"""The e-mail address and the password of the first admin are checked at the start."""

import pytest

from config.settings import SettingsError, check_module_safety, load_settings, sources
from modules.users.settings import FirstAdminSettings
from tests.config.test_safety import GOOD, PLACED

EMAIL = {"ADMIN_EMAIL": "me@example.com"}


def check(environ: dict[str, str], **platform: str) -> FirstAdminSettings:
    settings = FirstAdminSettings.read(environ)
    check_module_safety(settings, load_settings(GOOD | platform, None))
    return settings


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        check(environ)
    return str(refused.value)


@pytest.mark.parametrize("email", ["admin", "a b@c", "a@b@c"])
def test_a_wrong_address_is_refused(email: str) -> None:
    assert refusal(ADMIN_EMAIL=email) == "ADMIN_EMAIL must be an e-mail address."


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_a_password_of_a_wrong_length_is_refused(password: str) -> None:
    assert refusal(ADMIN_PASSWORD=password) == "ADMIN_PASSWORD must have 8 to 256 characters."


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("admin@example.com", "password"),
        ("admin@example.com", "Admin123"),
        ("admin@example.com", "aaaaaaaaaa"),
        ("admin@example.com", "admin@example.com"),
        ("admin@example.com", "short"),
    ],
)
def test_production_refuses_default_credentials(email: str, password: str) -> None:
    text = refusal(ADMIN_EMAIL=email, ADMIN_PASSWORD=password)
    assert text.startswith("ADMIN_") and text.endswith(".")


@pytest.mark.parametrize("sample", [PLACED, "four random words again"])
def test_production_refuses_a_password_that_the_guide_showed(sample: str) -> None:
    given = EMAIL | {"ADMIN_PASSWORD": sample}
    assert refusal(**given).startswith("ADMIN_PASSWORD must be your own in production")
    check(given, ENVIRONMENT="test", HOST="127.0.0.1")


def test_the_password_of_the_first_admin_may_be_taken_out() -> None:
    assert check(EMAIL).admin_password is None


def test_production_takes_a_first_admin() -> None:
    assert check(EMAIL | {"ADMIN_PASSWORD": "long-and-Unusual-1"}).admin_email == "me@example.com"


def test_the_password_is_hidden_and_never_repeated() -> None:
    environ = {"ADMIN_PASSWORD": "canary-canary"}
    [email, password] = sources([FirstAdminSettings.read(environ)], environ, None)
    assert email.value == "admin@example.com in development, else none"
    assert password.value == "(hidden)"
    with pytest.raises(SettingsError) as refused:
        FirstAdminSettings.read({"ADMIN_PASSWORD": "canary"})
    assert "canary" not in f"{refused.value!r} {refused.value.__cause__}"
