from typing import Any

import pytest
from litestar import Litestar

from core.wiring.module import Module


@pytest.fixture
def users(app: Litestar) -> Any:
    """The module's own container: for what no route does yet, and for clocks."""
    modules = (each for each in app.plugins if isinstance(each, Module))
    return next(each.container for each in modules if each.name == "users")
