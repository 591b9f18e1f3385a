"""Each setting is read as its name says."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from config.settings import CommaSeparated, ModuleSettings, Rate, Settings, SettingsError
from modules.auth.settings import AuthRateSettings
from modules.users.settings import UsersRateSettings
from tests.config.reading import KEY, read


def rate_refusal(name: str, text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        for each in (Settings, AuthRateSettings, UsersRateSettings):
            each.read({name: text})
    return str(refused.value)


class TestDefaults:
    def test_development_has_its_defaults(self) -> None:
        settings = read(DATA_DIR="/data")
        assert (settings.environment, settings.host, settings.port) == (
            "development",
            "127.0.0.1",
            8000,
        )
        assert (settings.workers, settings.api_prefix) == (1, "/api/v1")
        assert settings.public_url == "http://127.0.0.1:8000"
        assert settings.database_url.get_secret_value() == "sqlite:////data/atrium.db"
        assert settings.allowed_hosts == ("127.0.0.1", "localhost", "[::1]")
        assert settings.cors_origins == (
            *("http://localhost:3000", "http://localhost:8080"),
            *("http://127.0.0.1:3000", "http://127.0.0.1:8080"),
        )
        assert settings.cors_headers == ()
        assert (settings.log_format, settings.log_level) == ("console", "info")
        assert settings.redis_url is settings.smtp_url is None
        assert settings.modules is None
        assert settings.docs_enabled and settings.rate_limit_enabled
        assert not settings.allow_development_on_network

    def test_production_has_its_defaults(self) -> None:
        settings = read(ENVIRONMENT="production", HOST="203.0.113.5", SECRET_KEY=KEY)
        assert settings.public_url == "https://203.0.113.5:8000"
        assert settings.allowed_hosts == ("203.0.113.5",)
        assert settings.cors_origins == ()
        assert settings.log_format == "json"

    def test_the_rates_have_their_defaults(self) -> None:
        settings = read()
        assert settings.rate_limit_anonymous == Rate(100, 60)
        assert settings.rate_limit_signed_in == Rate(600, 60)
        sign_in = AuthRateSettings.read({})
        assert sign_in.rate_limit_login == (Rate(10, 60), Rate(5, 60))
        assert UsersRateSettings.read({}).rate_limit_register == Rate(20, 3600)
        assert UsersRateSettings.read({}).rate_limit_export == Rate(6, 3600)

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("0.0.0.0", "http://localhost:9000"),  # noqa: S104
            ("::", "http://localhost:9000"),
            ("::1", "http://[::1]:9000"),
            ("localhost", "http://localhost:9000"),
        ],
    )
    @pytest.mark.parametrize("environment", ["development", "production"])
    def test_the_public_url_follows_the_host(self, host: str, url: str, environment: str) -> None:
        settings = read(HOST=host, PORT="9000", ENVIRONMENT=environment, SECRET_KEY=KEY)
        assert settings.public_url == url

    def test_a_strange_folder_is_quoted_in_addresses(self) -> None:
        settings = read(DATA_DIR="/data/50% off?#")
        assert settings.database_url.get_secret_value() == (
            "sqlite:////data/50%25%20off%3F%23/atrium.db"
        )

    def test_a_relative_folder_is_kept_absolute(self) -> None:
        assert read(DATA_DIR="here").data_dir == Path("here").absolute()
        assert read().data_dir == Path("var").absolute()


class TestReading:
    def test_the_environment_wins_over_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("# ours\nPORT=1\nexport WORKERS='3'\nLOG_LEVEL=error # quiet\n")
        settings = Settings.read({"PORT": "2"}, file)
        assert (settings.port, settings.workers, settings.log_level) == (2, 3, "error")

    def test_a_reference_in_the_file_stays_as_written(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text(f"SECRET_KEY={KEY}${{PATH}}\n")
        assert Settings.read({}, file).secret_key.get_secret_value() == KEY + "${PATH}"

    def test_an_empty_value_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("PORT=1\nREDIS_URL=\n")
        settings = Settings.read({"PORT": " ", "CORS_ORIGINS": ""}, file)
        assert (settings.port, settings.redis_url) == (1, None)
        assert settings.cors_origins == read().cors_origins

    def test_names_are_exact(self) -> None:
        assert read(port="1", Port="2").port == 8000

    def test_the_process_environment_and_its_file_are_the_default(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path(".env").write_text("WORKERS=4\n")
        monkeypatch.setenv("PORT", "81")
        assert (Settings().port, Settings().workers) == (81, 4)
        assert (Settings(port=82).port, Settings(port=82).workers) == (82, 4)

    @pytest.mark.parametrize("content", ["PORT=1\n\nnonsense here\n", "PORT=1\n\nWORKERS\n"])
    def test_a_line_that_sets_nothing_is_named(self, tmp_path: Path, content: str) -> None:
        file = tmp_path / "my.env"
        file.write_text(content)
        with pytest.raises(SettingsError, match=r"my\.env must have NAME=value in line 3\.$"):
            Settings.read({}, file)

    def test_a_file_that_is_no_text_is_named(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
        with pytest.raises(SettingsError, match=r"\.env must be a readable file of UTF-8 text\.$"):
            Settings.read({}, tmp_path / ".env")

    def test_nothing_changes_afterwards(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            read().port = 1

    def test_reading_writes_nothing(self, tmp_path: Path) -> None:
        read(DATA_DIR=str(tmp_path / "var"))
        assert not list(tmp_path.iterdir())

    def test_a_misspelt_keyword_is_refused(self) -> None:
        misspelt: dict[str, Any] = {"prot": 1}
        with pytest.raises(SettingsError, match=r"^PROT is not a setting\.$"):
            Settings(**misspelt)


class TestLists:
    def test_a_list_is_split_at_commas_without_spaces(self) -> None:
        assert read(MODULES=" users, auth,,users").modules == ("users", "auth")

    def test_proxies_become_networks(self) -> None:
        proxies = read(TRUSTED_PROXIES="10.0.0.7, 192.168.0.0/16,::1").trusted_proxies
        assert proxies == tuple(map(ip_network, ["10.0.0.7/32", "192.168.0.0/16", "::1/128"]))

    def test_origins_become_what_browsers_send(self) -> None:
        origins = read(CORS_ORIGINS="https://App.Example.com:443,http://localhost:3000")
        assert origins.cors_origins == ("https://app.example.com", "http://localhost:3000")

    def test_origins_of_apps_and_extensions_are_accepted(self) -> None:
        origins = ("capacitor://localhost", "chrome-extension://" + "a" * 32, "app://x:8080")
        assert read(CORS_ORIGINS=",".join(origins)).cors_origins == origins
        unlike_hosts = ("app://.", "app://-", "app://a_-:81", "app://[::1]:81")
        assert read(CORS_ORIGINS=",".join(unlike_hosts)).cors_origins == unlike_hosts
        for wrong in ("https://.", "http://-", "app://*", "app://a/", "app://a b", "app://é"):
            with pytest.raises(SettingsError, match="CORS_ORIGINS must list exact origins"):
                read(CORS_ORIGINS=wrong)
        for wrong in ("null", "*", "https://*", "file://", "https://a.example/x", "//a.example"):
            with pytest.raises(SettingsError, match="CORS_ORIGINS must list exact origins"):
                read(CORS_ORIGINS=wrong)

    def test_request_headers_are_accepted_by_name(self) -> None:
        assert read(CORS_HEADERS="X-Tenant, my_field").cors_headers == ("X-Tenant", "my_field")
        for wrong in ("*", "a b", "x:y", "x\r\ny", "é"):
            with pytest.raises(SettingsError, match="CORS_HEADERS must list names"):
                read(CORS_HEADERS=wrong)

    def test_hosts_become_what_the_header_has(self) -> None:
        hosts = read(ALLOWED_HOSTS="API.example.com,::1,[::1],10.0.0.1").allowed_hosts
        assert hosts == ("api.example.com", "[::1]", "[::1]", "10.0.0.1")

    def test_earlier_keys_are_split_at_commas(self) -> None:
        keys = read(SECRET_KEY_PREVIOUS=f"{KEY},{KEY}2").secret_key_previous
        assert [key.get_secret_value() for key in keys] == [KEY, f"{KEY}2"]


class TestRates:
    @pytest.mark.parametrize(
        ("text", "rates"),
        [
            ("10/minute,5/minute", (Rate(10, 60), Rate(5, 60))),
            ("7/hour", (Rate(7, 3600), Rate(7, 3600))),
            ("3 per 10 seconds , 1/day", (Rate(3, 10), Rate(1, 86400))),
        ],
    )
    def test_one_rate_or_two_become_a_pair(self, text: str, rates: tuple[Rate, Rate]) -> None:
        assert AuthRateSettings.read({"RATE_LIMIT_LOGIN": text}).rate_limit_login == rates

    @pytest.mark.parametrize(
        "text", ["0/minute", "5/fortnight", "lots", "-1/minute", "10", "1/minute;2/hour", "1/hour,"]
    )
    @pytest.mark.parametrize(
        "name", ["RATE_LIMIT_LOGIN", "RATE_LIMIT_EXPORT", "RATE_LIMIT_ANONYMOUS"]
    )
    def test_a_malformed_rate_is_refused(self, name: str, text: str) -> None:
        assert rate_refusal(name, text).startswith(f"{name} must be a rate")

    def test_a_rate_too_many_is_refused(self) -> None:
        assert "one rate or two" in rate_refusal("RATE_LIMIT_LOGIN", "1/hour,2/hour,3/hour")
        assert "must be a rate" in rate_refusal("RATE_LIMIT_REGISTER", "1/hour,2/hour")

    def test_a_rate_is_printed_as_it_is_written(self) -> None:
        assert [str(Rate(100, 60)), str(Rate(3, 10))] == ["100/minute", "3/10 second"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:password@host/name",
        "postgresql://postgres:@/postgres?host=/tmp/socket",
        "sqlite:///relative.db",
        "sqlite:////absolute.db",
    ],
)
def test_urls_of_databases_are_accepted(url: str) -> None:
    assert read(DATABASE_URL=url).database_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://:x@a:1/0", "unix:///run/r.sock"])
def test_urls_of_redis_are_accepted(url: str) -> None:
    assert read(REDIS_URL=url).redis_url == SecretStr(url)


def test_a_log_level_in_capitals_is_accepted() -> None:
    assert read(LOG_LEVEL="WARNING").log_level == "warning"


def test_a_slash_at_the_end_of_a_url_is_dropped() -> None:
    assert read(PUBLIC_URL="https://API.example.com/").public_url == "https://api.example.com"
    below = read(PUBLIC_URL="https://API.example.com/Atrium/v.1/")
    assert below.public_url == "https://api.example.com/Atrium/v.1"
    assert below.allowed_hosts[0] == "api.example.com"


class ShopSettings(ModuleSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    most_items: int = Field(default=5, ge=1, description="The most items in a basket.")
    currencies: CommaSeparated[str] = Field(default=("EUR",), description="The currencies taken.")


class TestModuleSettings:
    def test_the_names_begin_with_the_prefix(self) -> None:
        settings = ShopSettings.read({"SHOP_MOST_ITEMS": "7", "MOST_ITEMS": "8", "PORT": "x"})
        assert settings.most_items == 7
        assert ShopSettings.read({"SHOP_CURRENCIES": "USD,EUR"}).currencies == ("USD", "EUR")

    def test_a_wrong_one_is_named(self) -> None:
        with pytest.raises(SettingsError, match=r"^SHOP_MOST_ITEMS must be a whole number of at"):
            ShopSettings.read({"SHOP_MOST_ITEMS": "0"})

    def test_module_settings_are_frozen(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            ShopSettings.read({}).most_items = 6
