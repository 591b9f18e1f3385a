"""The fixtures of this repository, in addition to those of `core.testing`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

LONG = ("race", "process", "browser")
"""The marks of tests that `make test-long` runs."""


def pytest_configure(config: pytest.Config) -> None:
    """Import the application and its fixtures, which takes a second, where tests run."""
    if not hands_tests_to_workers(config):
        config.pluginmanager.import_plugin("core.testing.plugin")


def hands_tests_to_workers(config: pytest.Config) -> bool:
    is_worker = hasattr(config, "workerinput")
    is_distributed = config.getoption("dist", "no") != "no"
    return is_distributed and not is_worker and not config.getoption("collectonly")


def is_installed(module: str) -> bool:
    return Path("modules", module, "plugin.py").exists()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A module that is deleted takes its tests with it."""
    gone = collection_path.parent.name == "modules" and collection_path.is_dir()
    return True if gone and not is_installed(collection_path.name) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests with `pytest.mark.needs("posts")` of deleted modules, and mark long ones."""
    needing = {item: [mark.args[0] for mark in item.iter_markers("needs")] for item in items}
    gone = [item for item, modules in needing.items() if not all(map(is_installed, modules))]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]
    for item in items:
        if any(map(item.get_closest_marker, LONG)):
            item.add_marker("long")


@pytest.fixture(autouse=True)
def patience_in_races(request: pytest.FixtureRequest) -> None:
    """Let no race take a fallback because its many requests keep the machine busy."""
    if request.node.get_closest_marker("race"):
        request.getfixturevalue("patience")


@pytest.fixture(scope="session")
def blocking_calls() -> list[str]:
    """Return a list that receives each call with which the application blocks its event loop."""
    from tests import blocking  # imports parts of the application

    found: list[str] = []
    blocking.install(found.append)
    return found


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop(blocking_calls: list[str]) -> Iterator[None]:
    """A request that waits for the disk in the thread of the loop delays all others."""
    yield
    found = blocking_calls.copy()
    blocking_calls.clear()
    assert not found, "the application blocks its event loop: " + "; ".join(dict.fromkeys(found))
