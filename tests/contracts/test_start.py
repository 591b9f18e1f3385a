"""A module that breaks a rule which requests rely on keeps the application down."""

from pathlib import Path

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import build_app, create_app
from core.kernel.contributions import WiringError
from core.wiring.module import Module
from core.wiring.rules import START_RULES, breaches
from tests.contracts.refused.clinging import plugin as clinging
from tests.contracts.refused.columns import plugin as columns
from tests.contracts.refused.doubled import plugin as doubled
from tests.contracts.refused.events import plugin as events
from tests.contracts.refused.foreign import plugin as foreign
from tests.contracts.refused.forgotten import plugin as forgotten
from tests.contracts.refused.moments import plugin as moments
from tests.contracts.refused.people import plugin as people
from tests.contracts.refused.routes import plugin as routes
from tests.contracts.refused.services import plugin as services
from tests.contracts.refused.strays import plugin as strays
from tests.contracts.refused.taking import plugin as taking
from tests.contracts.right import plugin as right

ROUTE = "tests.contracts.refused.routes.plugin"
TWINS: list[tuple[str, type[Module], str]] = [
    (
        "bounds_its_lists",
        routes.UnboundedList,
        f"{ROUTE}.Unbounded.things gives a page of any size: write listing=… to bound it.",
    ),
    (
        "names_the_action_of_each_write",
        routes.MisnamedWrite,
        f"{ROUTE}.Misnamed.change has the audit name thigns.change of no module: "
        'write audit="odd.change".',
    ),
    (
        "names_the_action_of_each_write",
        routes.InheritedWrite,
        "tests.contracts.refused.inherited.Shared.share has the audit name thigns.share of no "
        'module: write audit="odd.share".',
    ),
    (
        "adds_routes_to_modules",
        routes.MisspeltModule,
        "odd.thing adds routes to amdin, which is no module: write admin.",
    ),
    (
        "prefixes_its_tables",
        strays.Plugin,
        "the table things lacks the prefix: name it odd or odd_….",
    ),
    (
        "keeps_times_with_their_zone",
        moments.Plugin,
        "odd_bookings.starts_at is a DateTime, which loses the time zone: write Mapped[datetime] "
        "without a type.",
    ),
    (
        "keeps_times_with_their_zone",
        columns.Plugin,
        "odd_bookings.ends_at is a TIMESTAMP, which loses the time zone: write Mapped[datetime] "
        "without a type.",
    ),
    (
        "says_what_it_holds_about_users",
        people.Plugin,
        "odd_shifts.worker_id refers to users.id: contribute a PersonalData, or write "
        '__table_args__ = nothing_personal("…") from core.kit, with the reason.',
    ),
    (
        "says_what_it_holds_about_users",
        forgotten.Unsaid,
        'odd_leaves.worker_id refers to users.id: add "odd_leaves" to tables=… of the PersonalData '
        'that exports and erases its rows, or write __table_args__ = nothing_personal("…") from '
        "core.kit, with the reason (and 1 more: see `atrium module check`).",
    ),
    (
        "says_what_it_holds_about_users",
        forgotten.Forgetting,
        'odd_leaves.worker_id refers to users.id: add "odd_leaves" to tables=… of the PersonalData '
        'that exports and erases its rows, or write __table_args__ = nothing_personal("…") from '
        "core.kit, with the reason.",
    ),
    (
        "says_what_it_holds_about_users",
        forgotten.Misnaming,
        "the PersonalData odd.shifts names the table odd_sifts, which odd does not have or which "
        "does not refer to users.id: remove it from tables=….",
    ),
    (
        "says_what_it_holds_about_users",
        clinging.Plugin,
        'odd_shifts.made_by keeps users from being erased: write ondelete="CASCADE".',
    ),
    (
        "owns_its_errors",
        foreign.Plugin,
        f"{foreign.__name__}.Elsewhere has the code files.elsewhere of another module: "
        'write code = "odd.elsewhere".',
    ),
    (
        "owns_its_errors",
        taking.Plugin,
        f"{taking.__name__}.Taken has the code files.not_found of another module: "
        'write code = "odd.not_found".',
    ),
    (
        "gives_each_error_its_own_code",
        doubled.Plugin,
        f"{doubled.__name__}.ThingNotFound has the code odd.thing of "
        f"{doubled.__name__}.ThingTaken: write another (and 1 more: see `atrium module check`).",
    ),
    (
        "states_its_events_as_facts",
        events.Plugin,
        "tests.contracts.refused.events.public.ThingMoved has the name files.thing_moved: "
        'write name = "odd.…".',
    ),
    (
        "keeps_what_it_exports",
        services.Silent,
        "odd exports as Bell an object that lacks methods of that port.",
    ),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(environment="test", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("module", "sentence"),
    [it[1:] for it in TWINS],
    ids=[f"{it[1].__module__.split('.')[-2]} {it[1].__qualname__}" for it in TWINS],
)
def test_a_broken_rule_keeps_the_application_down(
    settings: Settings, log_lines: LogWriter, module: type[Module], sentence: str
) -> None:
    with pytest.raises(WiringError) as refused:
        create_app(settings, {"odd": module}, log_lines)
    assert str(refused.value) == sentence


def test_tables_that_keep_the_rules_start(settings: Settings, log_lines: LogWriter) -> None:
    assert breaches(create_app(settings, {"odd": right.Plugin}, log_lines), "odd") == []


def test_each_rule_of_the_start_has_a_broken_twin() -> None:
    assert {each.__name__ for each in START_RULES} == {rule for rule, _, _ in TWINS}


def test_the_check_lists_every_breach(settings: Settings, log_lines: LogWriter) -> None:
    """The start names the first one and counts the others."""
    extra = {"odd": routes.TwoWrites}
    with pytest.raises(WiringError, match=r"Misnamed\.change .* \(and 1 more: see"):
        create_app(settings, extra, log_lines)
    found = breaches(build_app(settings, extra, log_lines), "odd")
    assert [each for each in found if "of no module" in each] == found[:2]
