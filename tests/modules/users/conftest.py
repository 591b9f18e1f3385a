import pytest
from litestar import Litestar

from core.kit import Module
from modules.users.plugin import Plugin


@pytest.fixture
def users(app: Litestar) -> Module:
    """The module, whose services do what no route does yet, and have the clocks."""
    return app.plugins.get(Plugin)
