"""Migrations begin with a database without tables."""

from tests.core.conftest import url

__all__ = ["url"]
