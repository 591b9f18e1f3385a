import pytest
from litestar import Litestar

from config.settings import Settings
from core.testing import CoreContainer
from modules.files.plugin import Plugin
from modules.files.service.files import FileService
from tests.modules.files.uploads import Traces


@pytest.fixture
def limits() -> dict[str, str]:
    """Return the limits of the module, which a test file may override."""
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
def files_of_all(app: Litestar) -> FileService:
    """Return the service behind `/admin/files`."""
    return app.plugins.get(Plugin).provider(FileService)()
