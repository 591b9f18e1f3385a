"""In development the secret key is created once and kept, also with several processes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE
from threading import Barrier

import pytest

from config.settings import SettingsError, load_settings
from config.settings.secret_key import kept_secret_key, make_once
from tests.config.reading import KEY


def key_of(data_dir: Path, **environ: str) -> str:
    settings = load_settings({"DATA_DIR": str(data_dir), **environ}, None)
    return settings.secret_key.get_secret_value()


def test_made_and_kept(tmp_path: Path) -> None:
    data_dir = tmp_path / "deep" / "var"
    first = key_of(data_dir)
    assert len(first) >= 32
    assert key_of(data_dir) == first
    assert [file.name for file in data_dir.iterdir()] == ["secret-key"]
    assert S_IMODE((data_dir / "secret-key").stat().st_mode) == 0o600
    assert key_of(tmp_path / "other") != first


def test_a_key_that_was_given_is_not_kept(tmp_path: Path) -> None:
    assert key_of(tmp_path, SECRET_KEY=KEY) == KEY
    assert not list(tmp_path.iterdir())


def test_production_keeps_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        key_of(tmp_path, ENVIRONMENT="production")
    assert not list(tmp_path.iterdir())


def test_whoever_comes_second_takes_the_first_key(tmp_path: Path) -> None:
    make_once(tmp_path / "secret-key")
    first = (tmp_path / "secret-key").read_text()
    make_once(tmp_path / "secret-key")  # it had read the folder before the first key was created
    assert (tmp_path / "secret-key").read_text() == first
    assert len(list(tmp_path.iterdir())) == 1


def test_all_that_start_at_once_agree(tmp_path: Path) -> None:
    barrier = Barrier(8)

    def start(data_dir: Path) -> str:
        barrier.wait(30)
        return kept_secret_key(data_dir)

    with ThreadPoolExecutor(8) as pool:
        for round_ in range(20):
            assert len(set(pool.map(start, [tmp_path / str(round_)] * 8))) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret-key").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^(SECRET_KEY is damaged|DATA_DIR must).*\.$"):
        key_of(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^DATA_DIR must be a folder"):
        key_of(tmp_path / "file" / "var")
