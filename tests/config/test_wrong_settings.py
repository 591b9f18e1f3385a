"""A wrong setting stops the start with one sentence."""

import pytest

from config.settings import Settings, SettingsError, load_settings
from modules.auth.settings import AuthSettings
from tests.config.reading import KEY, read, refusal
from tests.docs.settings_page import PAGE, every_class

WRONG = {
    "ENVIRONMENT": ["prod", "Production"],
    "HOST": ["http://x", "a b", "256.1.1.1", "x:80", "-"],
    "PORT": ["http", "65536", "-1", "80.5"],
    "WORKERS": ["0", "two", "1000"],
    "KEEP_ALIVE_S": ["0", "3601", "1.5"],
    "SHUTDOWN_DELAY_S": ["-1", "301", "soon"],
    "API_PREFIX": ["/", "api", "/api/", "/a/../b", "/admin/api", "/docs", "/API"],
    "DATA_DIR": ["a\nb"],
    "PUBLIC_URL": [
        "example.com",
        "https://a/b/../c",
        "https://a/b//c",
        "https://a/%2f",
        "ftp://a",
        "https://u:p@a",
        "https://a?b",
        "//a",
    ],
    "SECRET_KEY": ["short", "x" * 31, KEY + "," + KEY],
    "SECRET_KEY_PREVIOUS": [f"{KEY},short"],
    "DATABASE_URL": [
        "mysql://a/b",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://relative.db/x",
        "postgresql+asyncpg://a/b",
        "postgresql://host",
        "postgresql://host:port/b",
    ],
    "DATABASE_POOLER": ["session", "yes"],
    "DATABASE_STATEMENT_TIMEOUT_S": ["0", "0.05", "3601", "soon", "nan"],
    "REDIS_URL": ["localhost:6379", "http://localhost", "redis://"],
    "MODULES": ["users,Auth!"],
    "RATE_LIMIT_ENABLED": ["perhaps"],
    "AUDIT_KEEP_ADDRESSES_DAYS": ["-1", "long"],
    "TRUSTED_PROXIES": ["*", "proxy", "10.0.0.300", "10.0.0.1/8", "0.0.0.0/0", "::/0"],
    "ALLOWED_HOSTS": ["*", "*.example.com", "https://a", "a:80", "a b"],
    "CORS_HEADERS": ["*", "a b"],
    "CORS_ORIGINS": [
        "*",
        "null",
        "https://*.example.com",
        "https://a/",
        "https://a/b",
        "example.com",
        "https://a:port",
        "https://a?",
    ],
    "DOCS_ENABLED": ["2"],
    "LOG_FORMAT": ["xml"],
    "LOG_LEVEL": ["verbose"],
    "ALLOW_DEVELOPMENT_ON_NETWORK": ["maybe"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(name: str, value: str) -> None:
    text = refusal(**{name: value})
    assert text.startswith(f"{name} must ")
    assert text.endswith(".") and text.count("\n") == 0
    assert text.count(". ") == 0


@pytest.mark.parametrize("length", ["7", "65", "long"])
def test_a_wrong_length_of_passwords_is_refused(length: str) -> None:
    with pytest.raises(SettingsError, match=r"^AUTH_PASSWORD_MIN_LENGTH must be a whole number of"):
        AuthSettings.read({"AUTH_PASSWORD_MIN_LENGTH": length})


def test_every_setting_is_tried_with_a_wrong_value() -> None:
    rates = {name for name in Settings.names().values() if name.startswith("RATE_LIMIT_")}
    assert set(Settings.names().values()) == WRONG.keys() | rates | {
        "SMTP_URL",
        "ACCOUNT_PAGES_URL",
    }


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "x", "a whole number of at least 0 and of at most 65535"),
        ("ENVIRONMENT", "x", "development, test or production"),
        ("DOCS_ENABLED", "x", "true or false"),
    ],
)
def test_the_sentence_says_what_is_allowed(name: str, value: str, allowed: str) -> None:
    assert refusal(**{name: value}) == f"{name} must be {allowed}."


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_no_secret_is_repeated(name: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**{name: "canary"})
    assert "canary" not in f"{refused.value!r} {refused.value.__cause__}"
    assert refused.value.__suppress_context__
    assert "canary" not in repr(read(SECRET_KEY=f"canary{KEY}"))


def test_what_is_not_built_yet_says_so() -> None:
    sentence = refusal(SMTP_URL="smtp://mail")
    assert sentence.startswith("SMTP_URL requires a feature that does not exist yet: leave it")


WITHOUT_EFFECT = {
    "SMTP_URL": "smtp://mail.example.com",
    "STORAGE_URL": "s3://bucket",
    "ACCOUNT_PAGES_URL": "https://www.example.com/account",
    "RATE_LIMIT_MAIL": "10/hour,3/hour",
    "FILES_TRASH_DAYS": "7",
    "FILES_RESUMABLE_MAX_BYTES": "1000",
    "AUTH_RETURN_URLS": "https://app.example.com",
    "AUTH_PRIVATE_REGISTRATION": "true",
}


@pytest.mark.parametrize(("name", "value"), WITHOUT_EFFECT.items())
def test_a_setting_without_effect_is_refused(name: str, value: str) -> None:
    with pytest.raises(
        SettingsError, match=f"^{name} requires a feature that does not exist yet: leave it"
    ):
        for each in every_class():
            each.read({name: value})


def test_the_page_of_settings_says_which_of_them_have_no_effect() -> None:
    rows = PAGE.read_text().splitlines()
    marked = {row.split("`")[1] for row in rows if "not available yet" in row}
    assert marked == WITHOUT_EFFECT.keys()


def test_load_settings_raises_the_same_error() -> None:
    with pytest.raises(SettingsError, match=r"^PORT must be"):
        load_settings({"PORT": "x"}, None)
