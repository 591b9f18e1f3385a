"""The databases of the tests of `core.data`, for the engine below it."""

from tests.core.data.conftest import db, heard, tables

__all__ = ["db", "heard", "tables"]
