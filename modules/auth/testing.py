"""The fixtures for the tests of every module; the service does not load this file."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash passwords with little memory, because most tests do not test their cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modules.auth.passwords.hashing.MEMORY_KIB", 64)
        yield
