"""The rules for modules, checked at each start or by `atrium module check` and the tests.

A rule yields one sentence for each breach that it finds.
"""

from collections.abc import Callable, Iterator

from litestar import Litestar

from core.kernel.contributions import WiringError
from core.wiring.rules import classes, contributed, personal_data, routes, tables
from core.wiring.subject import Subject, subjects_of

Rule = Callable[[Subject], Iterator[str]]

START_RULES: list[Rule] = [
    routes.bounds_its_lists,
    routes.names_the_action_of_each_write,
    tables.prefixes_its_tables,
    tables.keeps_times_with_their_zone,
    personal_data.says_what_it_holds_about_users,
    classes.owns_its_errors,
    classes.gives_each_error_its_own_code,
    classes.states_its_events_as_facts,
    contributed.keeps_what_it_exports,
    contributed.adds_routes_to_modules,
]
"""A breach makes requests fail or breaks a guarantee: the application does not start."""

CHECK_RULES: list[Rule] = [
    classes.says_what_it_is_for,
    routes.summarises_each_operation,
    routes.names_each_operation_once,
    routes.names_each_body_once,
    routes.asks_only_for_its_own_permissions,
    routes.contributes_its_permissions,
    routes.returns_schemas,
    routes.indexes_its_lists,
    tables.keeps_zones_in_its_migrations,
    tables.refers_only_to_itself_and_to_users,
    classes.speaks_in_values,
    contributed.names_what_it_contributes,
    contributed.shows_each_name_once,
    contributed.names_each_command_once,
    contributed.exports_public_ports,
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
