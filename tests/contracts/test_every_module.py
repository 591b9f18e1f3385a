"""Every module keeps every rule; the tests find a new one by its folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from litestar import Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import build_app
from core.wiring.module import Module
from core.wiring.registry import discover
from core.wiring.rules import RULES, breaches
from core.wiring.rules.contributed import names_each_command_once, shows_each_name_once
from core.wiring.rules.routes import (
    contributes_its_permissions,
    indexes_its_lists,
    names_each_body_once,
    names_each_operation_once,
)
from core.wiring.rules.tables import keeps_zones_in_its_migrations
from core.wiring.subject import Subject
from tests.contracts.broken.plugin import ExpiredDataCleanup
from tests.contracts.broken.plugin import Plugin as Broken

Rule = Callable[[Subject], Iterator[str]]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@pytest.fixture(scope="module")
def unsound(tmp_path_factory: pytest.TempPathFactory, log_lines: LogWriter) -> Litestar:
    """Return the breaches of every module, and of those that break the rules."""
    folder = tmp_path_factory.mktemp("contracts")
    settings = Settings(environment="test", data_dir=folder)
    return build_app(settings, {"broken": Broken, "sweeping": ExpiredDataCleanup}, log_lines)


def subject(app: Litestar, name: str) -> Subject:
    modules = [each for each in app.plugins if isinstance(each, Module)]
    return Subject(app, next(each for each in modules if each.name == name))


@each_rule
@pytest.mark.parametrize("name", discover())
def test_a_module_keeps_the_rule(unsound: Litestar, rule: Rule, name: str) -> None:
    assert list(rule(subject(unsound, name))) == []


@each_rule
def test_the_rule_can_be_broken(unsound: Litestar, rule: Rule) -> None:
    assert list(rule(subject(unsound, "broken")))


def test_each_order_and_filter_without_an_index_is_told(unsound: Litestar) -> None:
    told = [each.partition(": ")[2] for each in indexes_its_lists(subject(unsound, "broken"))]
    assert told == [
        "the sort key size needs an index of size, file_id",
        "the sort key name is a text: give it a folded copy",
        "the sort key weight may be null, and no index sorts nulls last",
        "the filter weight needs an index that begins with weight",
    ]


def test_operations_and_bodies_that_share_a_name_are_told(unsound: Litestar) -> None:
    """Two handlers, two classes with the lists of them, and a class beside an enum of the core."""
    broken = subject(unsound, "broken")
    one, other = (f"tests.contracts.broken.{file}.ThingRead" for file in ("public", "service"))
    assert [*names_each_operation_once(broken)] == [
        "broken.raw names two operations",
        "broken.read names two operations",
    ]
    assert [*names_each_body_once(broken)] == [
        "tests.contracts.broken.service.Scope and the enum scope"
        " share the name Scope in the OpenAPI document: rename a class",
        f"{one} and {other} share the name ThingRead in the OpenAPI document: rename a class",
    ]


def test_a_revision_that_loses_the_zone_is_told_with_its_line(unsound: Litestar) -> None:
    told = list(keeps_zones_in_its_migrations(subject(unsound, "broken")))
    right = "has no time zone: write sa.DateTime(timezone=True)"
    file = Path("tests/contracts/broken/migrations/20261130_things.py").absolute()
    assert told == [f"{file}, line {line} {right}" for line in (11, 12)]


def test_a_permission_that_no_role_can_have_is_told(unsound: Litestar) -> None:
    told = [*contributes_its_permissions(subject(unsound, "broken"))]
    assert told == ["broken does not contribute things:find, so no role has that permission"]


def test_a_check_beside_one_of_its_name_is_told(unsound: Litestar) -> None:
    told = [*shows_each_name_once(subject(unsound, "broken"))]
    assert told == ["the HealthCheck broken.database is shown as database, and so is another one"]


def test_commands_of_one_name_are_told_with_their_modules(unsound: Litestar) -> None:
    told = [*names_each_command_once(subject(unsound, "broken"))]
    both = "the command sweep is contributed by broken and by sweeping: rename one"
    assert told == ["the command doctor is contributed by broken and by core: rename one", both]
    assert breaches(unsound).count(both) == 1


def test_every_folder_is_a_module() -> None:
    folders = {each.parent.name for each in Path("modules").glob("*/__init__.py")}
    assert folders == set(discover())
