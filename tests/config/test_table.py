"""One row for each setting, for the documentation and for `atrium settings`."""

from pathlib import Path

from config.settings import ModuleSettings, Settings, sources
from modules.auth.settings import AuthRateSettings
from tests.config.reading import KEY
from tests.config.test_settings import ShopSettings
from tests.docs.settings_page import SettingRow, every_class, settings_table

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_each_setting_has_a_meaning_in_one_sentence() -> None:
    rows = settings_table([Settings, ShopSettings])
    assert len(rows) == len(Settings.model_fields) + 2
    for row in rows:
        assert row.meaning.endswith(".") and ". " not in row.meaning, row
        assert row.default, row


def test_defaults_as_an_operator_writes_them() -> None:
    classes: list[type[ModuleSettings]] = [Settings, AuthRateSettings, ShopSettings]
    rows = {row.name: row.default for row in settings_table(classes)}
    assert rows["RATE_LIMIT_LOGIN"] == "10/minute,5/minute"
    assert rows["DOCS_ENABLED"] == "true"
    assert rows["REDIS_URL"] == "none"
    assert rows["PUBLIC_URL"].startswith("http://HOST:PORT")
    assert rows["DATA_DIR"] == "./var"
    assert SettingRow("SHOP_MOST_ITEMS", "5", "The most items in a basket.") in settings_table(
        [ShopSettings]
    )


def test_where_each_value_comes_from(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1\nWORKERS=2\nREDIS_URL=\n")
    environ = {"PORT": "3", "SHOP_MOST_ITEMS": "4", "HOST": ""}
    loaded = [Settings.read(environ, file), ShopSettings.read(environ, file)]
    rows = {row.name: (row.value, row.source) for row in sources(loaded, environ, file)}
    assert rows["PORT"] == ("3", "environment")
    assert rows["WORKERS"] == ("2", ".env")
    assert rows["SHOP_MOST_ITEMS"] == ("4", "environment")
    assert rows["HOST"] == ("127.0.0.1", "default")
    assert rows["REDIS_URL"] == ("none", "default")
    assert rows["MODULES"] == ("all found", "default")


def test_secrets_are_hidden() -> None:
    environ = {
        "SECRET_KEY": f"canary{KEY}",
        "SECRET_KEY_PREVIOUS": f"canary1{KEY},canary2{KEY}",
        "DATABASE_URL": "postgresql://canary:canary@db.example.com/atrium?password=canary",
        "REDIS_URL": "redis://:canary@cache/0",
    }
    rows = sources([Settings.read(environ)], environ, None)
    assert "canary" not in repr(rows)
    values = {row.name: row.value for row in rows}
    assert values["DATABASE_URL"] == "postgresql://db.example.com/atrium"


def test_the_example_file_names_settings_only() -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines()]
    named = [line.partition("=")[0] for line in lines if line.partition("=")[0].isupper()]
    assert len(named) >= 10
    known = {name for settings in every_class() for name in settings.names().values()}
    assert set(named) <= known
    assert all(line.startswith("#") for line in EXAMPLE.read_text().splitlines() if line)
