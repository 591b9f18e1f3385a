"""A module brings its rate limits; a name that no module or two modules contribute is refused."""

from pathlib import Path

import pytest

from config.log_writer import LogWriter
from config.settings import Rate, Settings
from core.app import create_app
from core.kernel.contributions import WiringError
from core.kit import Module, RateLimit
from core.testing import Applications, client_of
from tests.contracts.refused.limits.plugin import (
    Letters,
    Uncounted,
    Unlimited,
    limited,
    unreadable,
)

LETTERS = limited(RateLimit("letters", lambda: Rate(2, 3600)))
PLACE = f"{Letters.__module__}.Letters.letters at /api/v1/post"


class TestRefused:
    @pytest.mark.parametrize(
        ("modules", "sentence"),
        [
            ({"post": Unlimited}, f"{PLACE} has the limit 'letters', which no module contributes;"),
            (
                {"post": Uncounted},
                "post cannot build its Mailing: LookupError: no module contributes the limit "
                "'letters'; nearest is 'register', in ",
            ),
            (
                {"post": LETTERS, "mail": LETTERS},
                "post and mail both contribute the RateLimit letters: keep one.",
            ),
            (
                {"post": limited(RateLimit("signed-in", lambda: Rate(2, 3600)))},
                "core and post both contribute the RateLimit signed-in: keep one.",
            ),
            (
                {"post": limited(RateLimit("letters", unreadable))},
                "The rate of the limit letters cannot be read: LookupError: There is no rate, in ",
            ),
        ],
        ids=["none", "none for a service", "two", "core and one", "unreadable"],
    )
    def test_the_application_does_not_start(
        self,
        tmp_path: Path,
        log_lines: LogWriter,
        modules: dict[str, type[Module]],
        sentence: str,
    ) -> None:
        settings = Settings(environment="test", data_dir=tmp_path)
        with pytest.raises(WiringError) as refused:
            create_app(settings, modules, log_lines)
        assert str(refused.value).startswith(sentence)


class TestGranted:
    @pytest.fixture
    def overrides(self) -> dict[str, bool]:
        return {"rate_limit_enabled": True}

    async def test_a_route_is_limited_by_the_limit_of_its_module(
        self, settings: Settings, applications: Applications
    ) -> None:
        async with applications.started(settings, {"post": LETTERS}) as app, client_of(app) as http:
            answers = [await http.get("/api/v1/post") for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert answers[2].headers["ratelimit-policy"] == '"letters";q=2;w=3600'
