import pytest
from litestar import Litestar

from core.kit import Module
from modules.users.plugin import Plugin


@pytest.fixture
def users(app: Litestar) -> Module:
    """Return the module, whose services have operations without a route, and the clocks."""
    return app.plugins.get(Plugin)
