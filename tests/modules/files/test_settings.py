"""Files are stored in a folder of DATA_DIR, or in the folder of STORAGE_URL."""

from pathlib import Path

import pytest

from config.settings import SettingsError
from modules.files.settings import StorageSettings


@pytest.mark.parametrize("data_dir", ["/data", "/data/50% off?#"])
def test_files_are_kept_in_the_data_folder(data_dir: str) -> None:
    assert StorageSettings.read({}).folder_in(Path(data_dir)) == Path(data_dir, "files")


def test_a_url_names_another_folder() -> None:
    settings = StorageSettings.read({"STORAGE_URL": "file:///srv/my%20files"})
    assert settings.folder_in(Path("/data")) == Path("/srv/my files")


@pytest.mark.parametrize("url", ["/srv/files", "ftp://x", "file://host/x", "file://"])
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^STORAGE_URL must be file:// and the path of"):
        StorageSettings.read({"STORAGE_URL": url})


def test_s3_is_not_built_yet() -> None:
    with pytest.raises(
        SettingsError, match=r"^STORAGE_URL requires a feature that does not exist yet: leave"
    ):
        StorageSettings.read({"STORAGE_URL": "s3://b?endpoint=x"})
