"""The token of /metrics is checked like the settings of the platform."""

import pytest

from config.settings import SettingsError, check_module_safety, load_settings, sources
from modules.health.settings import MetricsSettings
from tests.config.test_safety import GOOD, PLACED


def refusal(token: str, **platform: str) -> str:
    with pytest.raises(SettingsError) as refused:
        check(token, **platform)
    return str(refused.value)


def check(token: str, **platform: str) -> None:
    settings = MetricsSettings.read({"METRICS_TOKEN": token})
    check_module_safety(settings, load_settings(GOOD | platform, None))


@pytest.mark.parametrize("token", ["with space", "ünïcode"])
def test_a_wrong_token_is_refused(token: str) -> None:
    assert refusal(token) == "METRICS_TOKEN must be a bearer token: letters, digits and ._~+/-."


def test_production_refuses_a_short_token() -> None:
    assert refusal("short") == "METRICS_TOKEN must have at least 16 characters in production."
    check("0123456789abcdef")
    check("short", ENVIRONMENT="test", HOST="127.0.0.1")


@pytest.mark.parametrize("token", [PLACED, "Lq7xV2mB9tR4wK6z"])
def test_production_refuses_a_token_that_the_guide_showed(token: str) -> None:
    assert refusal(token).startswith("METRICS_TOKEN must be your own in production")
    check(token, ENVIRONMENT="test", HOST="127.0.0.1")


def test_the_token_is_hidden() -> None:
    environ = {"METRICS_TOKEN": "canary"}
    [row] = sources([MetricsSettings.read(environ)], environ, None)
    assert (row.name, row.value, row.source) == ("METRICS_TOKEN", "(hidden)", "environment")
