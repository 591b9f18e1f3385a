"""The public face for tests of modules, in this repository and outside.

A `conftest.py` with `pytest_plugins = ["core.testing.plugin"]` has these fixtures: `client`,
`user`, `other_user`, `admin`, `app`, `core`, `settings`, `overrides`, and those in the `testing.py`
of each module. This package has the names that tests import. It needs pytest, httpx and
time-machine, and the service does not load it.
"""

from core.testing.access import AccessRequest, AccessTable
from core.testing.applications import Applications
from core.testing.events import published
from core.testing.faults import read_only_database, without_database
from core.testing.migrations import MigrationError, Migrations
from core.testing.races import CLIENTS, ROUNDS, at_once
from core.testing.users import PASSWORD, TestUser, client_of, register, sign_in
from core.testing.waiting import eventually, later
from core.wiring.container import CoreContainer
from core.wiring.plugin import core_of

__all__ = [
    "CLIENTS",
    "PASSWORD",
    "ROUNDS",
    "AccessRequest",
    "AccessTable",
    "Applications",
    "CoreContainer",
    "MigrationError",
    "Migrations",
    "TestUser",
    "at_once",
    "client_of",
    "core_of",
    "eventually",
    "later",
    "published",
    "read_only_database",
    "register",
    "sign_in",
    "without_database",
]
