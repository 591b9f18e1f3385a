import pytest

from config.settings import Settings
from core.kit import Export
from core.testing import CoreContainer
from modules.files.public import StoredFiles
from tests.modules.files.uploads import Traces


@pytest.fixture
def limits() -> dict[str, str]:
    """Settings of the module that a test file has otherwise."""
    return {}


@pytest.fixture
def settings(
    settings: Settings, limits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Settings:
    for name, value in limits.items():
        monkeypatch.setenv(f"FILES_{name}", value)
    return settings


@pytest.fixture
def traces(settings: Settings, core: CoreContainer) -> Traces:
    return Traces(settings, core)


@pytest.fixture
def files_of_all(core: CoreContainer) -> StoredFiles:
    """What the module exports to others."""
    exports = core.contributions().of(Export, "files")
    [export] = [each for each in exports if each.port is StoredFiles]
    exported: StoredFiles = export.provider()
    return exported
