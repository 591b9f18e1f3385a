import pytest
from litestar import Litestar

from config.settings import Settings
from core.kernel.contributions import Export
from core.wiring.container import CoreContainer
from core.wiring.plugin import CorePlugin
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
def files_of_all(app: Litestar) -> StoredFiles:
    """What the module exports to others."""
    [export] = [
        each
        for each in app.plugins.get(CorePlugin).container.contributions().of(Export, "files")
        if each.port is StoredFiles
    ]
    exported: StoredFiles = export.provider()
    return exported
