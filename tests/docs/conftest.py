"""A copy of the project in which the tests of the pages try the tutorials."""

from pathlib import Path

import pytest

from tests.docs.tutorials import copy_with_tutorials


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, to which the tutorials have added their modules."""
    copy = tmp_path_factory.mktemp("tutorial")
    copy_with_tutorials(copy)
    return copy
