"""Production refuses unsafe settings; elsewhere the service listens on the loopback only."""

import pytest

from config.settings import SettingsError, load_settings
from core.wiring.settings import checked_settings
from tests.config.reading import KEY

GOOD = {"ENVIRONMENT": "production", "SECRET_KEY": KEY, "HOST": "0.0.0.0"}  # noqa: S104


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ, None)
    return str(refused.value)


def test_production_starts_with_a_good_key() -> None:
    assert load_settings(GOOD, None).secret_key.get_secret_value() == KEY


def test_production_needs_a_key() -> None:
    assert refusal(ENVIRONMENT="production").startswith("SECRET_KEY must be set")


@pytest.mark.parametrize(
    "key",
    [
        "x" * 40,
        "abc123XY" * 5,
        "0123456789abcdef" * 2,
        "changeme-q8Zt3vLm5nXw7Rk2Jd9Hs4Gf6P",
        "my-very-own-SECRET-key-for-this-app!",
        "change-me-change_me-please-now-and-then",
        "aabbccddeeffgaabbccddeeffgabcabcabca",
    ],
)
def test_production_needs_a_key_that_nobody_guesses(key: str) -> None:
    assert len(key) >= 32
    assert refusal(**GOOD | {"SECRET_KEY": key}).startswith("SECRET_KEY must be random")
    assert refusal(**GOOD | {"SECRET_KEY_PREVIOUS": key}).startswith("SECRET_KEY_PREVIOUS must")
    environ = GOOD | {"SECRET_KEY": key, "ENVIRONMENT": "test", "HOST": "127.0.0.1"}
    assert load_settings(environ, None).secret_key.get_secret_value() == key


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT_ENABLED", "false"),
        ("LOG_LEVEL", "debug"),
        ("DEBUG", "true"),
        ("LITESTAR_DEBUG", "1"),
        ("LITESTAR_PDB", "1"),
        ("CORS_ORIGINS", "*"),
        ("PUBLIC_URL", "http://api.example.com"),
    ],
)
def test_production_refuses(name: str, value: str) -> None:
    assert refusal(**GOOD | {name: value}).startswith(f"{name} must ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://localhost:8000"),
        ("PUBLIC_URL", "https://api.example.com"),
        ("DEBUG", "app:*"),
        ("LITESTAR_DEBUG", "0"),
    ],
)
def test_production_accepts(name: str, value: str) -> None:
    load_settings(GOOD | {name: value}, None)


PLACED = "replace-me-by-the-first-line-of-the-output"


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        *((name, PLACED) for name in ("SECRET_KEY", "SECRET_KEY_PREVIOUS")),
        ("SECRET_KEY", "Wm3vQ8rT1xZ6kL0pN4bY7cF2hJ9sD5gA"),
        ("SECRET_KEY_PREVIOUS", "Wm3vQ8rT1xZ6kL0pN4bY7cF2hJ9sD5gA"),
    ],
)
def test_production_refuses_a_secret_that_the_guide_showed(name: str, sample: str) -> None:
    given = GOOD | {name: sample}
    assert refusal(**given).startswith(f"{name} must be your own in production")
    load_settings(given | {"ENVIRONMENT": "test", "HOST": "127.0.0.1"}, None)


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
def test_development_stays_on_its_machine(environment: str, host: str) -> None:
    environ = {"ENVIRONMENT": environment, "HOST": host, "SECRET_KEY": KEY}
    assert "ALLOW_DEVELOPMENT_ON_NETWORK=true" in refusal(**environ)
    load_settings(environ | {"ALLOW_DEVELOPMENT_ON_NETWORK": "true"}, None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "a.localhost"])
def test_development_on_loopback_is_allowed(host: str) -> None:
    load_settings({"HOST": host, "SECRET_KEY": KEY}, None)


@pytest.mark.needs("health")
def test_an_unsafe_setting_of_a_module_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (GOOD | {"METRICS_TOKEN": "short"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="METRICS_TOKEN must have at least 16 characters"):
        checked_settings()
