"""A name that no settings class has stops the start with the nearest that one has."""

from pathlib import Path

import pytest

from config.settings import ModuleSettings, Settings, SettingsError, check_names, unknown_names
from tests.config.test_settings import ShopSettings

CLASSES: list[type[ModuleSettings]] = [Settings, ShopSettings]


def unknown(environ: list[str], file: list[str]) -> list[str]:
    return unknown_names(environ, file, CLASSES, ["SHOP_", "POSTS_"])


def test_known_ones_pass() -> None:
    assert not unknown(["SHOP_MOST_ITEMS"], [*Settings.names().values(), "SHOP_CURRENCIES"])


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PROT", "PORT"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("host", "HOST"),
        ("Log_Level", "LOG_LEVEL"),
    ],
)
def test_any_unknown_name_in_the_file_is_found(name: str, nearest: str) -> None:
    assert unknown([], [name]) == [f"{name} is not a setting; the nearest is {nearest}."]


def test_unknown_names_with_the_prefix_of_a_module_are_found_in_the_environment() -> None:
    [text] = unknown(["SHOP_MOST_ITEM"], [])
    assert text == "SHOP_MOST_ITEM is not a setting; the nearest is SHOP_MOST_ITEMS."
    assert len(unknown(["POSTS_COLOUR"], [])) == 1  # it has no settings at all


def test_other_programs_are_left_alone() -> None:
    assert not unknown(["PATH", "PROT", "SHOPPING", "DOCKER_HOST", "shop_x"], [])


def test_the_environment_is_left_alone_without_modules() -> None:
    assert not unknown_names(["ANYTHING"], [], CLASSES, [])


def test_the_first_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1\nWORKER=2\n")
    with pytest.raises(SettingsError, match=r"^WORKER is not a setting; the nearest is WORKERS\.$"):
        check_names(CLASSES, ["SHOP_"], {"PATH": "/bin"}, file)
    check_names(CLASSES, ["SHOP_"], {"PATH": "/bin"}, None)


def test_a_name_cannot_forge_a_line() -> None:
    assert "\x1b" not in unknown([], ["A\x1b[31m"])[0]
