"""The databases of the tests of `core.data`, for the engine below it."""

from tests.core.data.conftest import (
    anyio_backend,
    cache_versions,
    db,
    heard,
    template,
    url,
)

__all__ = ["anyio_backend", "cache_versions", "db", "heard", "template", "url"]
