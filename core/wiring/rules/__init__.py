"""The rules for modules, checked at each start or by `atrium module check` and the tests.

A rule yields one sentence for each breach that it finds.
"""

from collections.abc import Callable, Iterator

from litestar import Litestar

from core.kernel.contributions import WiringError
from core.wiring.rules.classes import (
    gives_each_error_its_own_code,
    owns_its_errors,
    says_what_it_is_for,
    speaks_in_values,
    states_its_events_as_facts,
)
from core.wiring.rules.contributed import (
    adds_routes_to_modules,
    exports_public_ports,
    keeps_what_it_exports,
    names_each_command_once,
    names_what_it_contributes,
    shows_each_name_once,
)
from core.wiring.rules.personal_data import says_what_it_holds_about_users
from core.wiring.rules.routes import (
    asks_only_for_its_own_permissions,
    bounds_its_lists,
    indexes_its_lists,
    names_each_body_once,
    names_each_operation_once,
    names_the_action_of_each_write,
    returns_schemas,
    summarises_each_operation,
)
from core.wiring.rules.tables import (
    keeps_times_with_their_zone,
    keeps_zones_in_its_migrations,
    prefixes_its_tables,
    refers_only_to_itself_and_to_users,
)
from core.wiring.subject import Subject, subjects_of

Rule = Callable[[Subject], Iterator[str]]

START_RULES: list[Rule] = [
    bounds_its_lists,
    names_the_action_of_each_write,
    prefixes_its_tables,
    keeps_times_with_their_zone,
    says_what_it_holds_about_users,
    owns_its_errors,
    gives_each_error_its_own_code,
    states_its_events_as_facts,
    keeps_what_it_exports,
    adds_routes_to_modules,
]
"""A breach makes requests fail or breaks a guarantee: the application does not start."""

CHECK_RULES: list[Rule] = [
    says_what_it_is_for,
    summarises_each_operation,
    names_each_operation_once,
    names_each_body_once,
    asks_only_for_its_own_permissions,
    returns_schemas,
    indexes_its_lists,
    keeps_zones_in_its_migrations,
    refers_only_to_itself_and_to_users,
    speaks_in_values,
    names_what_it_contributes,
    shows_each_name_once,
    names_each_command_once,
    exports_public_ports,
]
"""A breach makes a module harder to read or to move: `atrium module check` reports it."""

RULES = [*START_RULES, *CHECK_RULES]


def refuse_breaches(app: Litestar) -> None:
    """Raise WiringError if a module breaks a rule that requests rely on."""
    broken = [breach for it in subjects_of(app) for rule in START_RULES for breach in rule(it)]
    if broken:
        others = f" (and {len(broken) - 1} more: see `atrium module check`)" if broken[1:] else ""
        raise WiringError(f"{broken[0]}{others}.")


def breaches(app: Litestar, name: str | None = None) -> list[str]:
    """Return every breach of every rule, by one module or by all.

    Raises LookupError if there is no such module.
    """
    subjects = [it for it in subjects_of(app) if name in (None, it.name)]
    if name and not subjects:
        raise LookupError(f"There is no module {name}.")
    every = (breach for subject in subjects for rule in RULES for breach in rule(subject))
    return [*dict.fromkeys(every)]  # two modules may yield the same breach
