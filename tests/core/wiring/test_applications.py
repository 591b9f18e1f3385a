"""A test run that builds many applications does not need more and more memory."""

from pathlib import Path
from weakref import ref

import pytest
from pydantic import SecretStr

from config.log_writer import LogWriter
from config.settings import Settings
from core.testing import Applications, core_of


async def test_an_application_that_is_no_longer_kept_is_freed(
    tmp_path: Path, log_lines: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.testing.applications.MOST_APPLICATIONS", 2)
    applications, built = Applications(log_lines), []
    for number in range(6):
        settings = Settings(
            environment="test", data_dir=tmp_path, secret_key=SecretStr(f"{number:064}")
        )
        built.append(ref(core_of(applications.built(settings))))
    assert [each() is None for each in built] == [True, True, True, False, False, False]
