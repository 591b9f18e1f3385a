"""The rules for modules, checked at each start or by `atrium module check` and the tests.

A rule yields one sentence for each breach that it finds.
"""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import isclass
from itertools import chain
from pathlib import Path

from litestar import Litestar, Response
from pydantic import BaseModel

from core.data.listing_indexes import missing_indexes
from core.data.migrations.revisions import history_of
from core.data.models import loses_zone
from core.data.queries import Listing
from core.kernel.contributions import Contribution, Export, WiringError
from core.kernel.events import Event
from core.kernel.loading import as_wiring_error
from core.kernel.principal import Permission
from core.kernel.schemas import Page, Schema
from core.operations.command_names import doubled_commands
from core.operations.contributions import Command, HealthCheck, UserStatistic
from core.security.limits import RateLimit
from core.security.passwords import Passwords
from core.security.reauthentication import Reauthentication
from core.web.openapi.document import operation_id
from core.web.openapi.names import shared_names
from core.web.openapi.schemes import SecurityScheme
from core.web.route_options import options_of
from core.wiring.document import words_of
from core.wiring.handlers import needs_of_handler
from core.wiring.module import AnyHost, Mount
from core.wiring.personal_data import says_what_it_holds_about_users
from core.wiring.routes import WRITES, operations_of
from core.wiring.subject import Subject, all_errors, subjects_of


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


def says_what_it_is_for(it: Subject) -> Iterator[str]:
    if not import_module(it.package).__doc__:
        yield f"{it.package} has no docstring"


def summarises_each_operation(it: Subject) -> Iterator[str]:
    for operation in it.operations():
        if not operation.summary:
            yield f"{operation} has no summary"


def names_each_operation_once(it: Subject) -> Iterator[str]:
    """Require distinct operation ids: `notes.read` is that of `read_note` and of `read_notes`."""
    names = [operation_id(it.name, operation.fn.__name__) for operation in it.operations()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} names two operations"


def names_each_body_once(it: Subject) -> Iterator[str]:
    """Require distinct names of bodies: equal ones become long names in the OpenAPI document."""
    every = [handler for _, handler in operations_of(it.app.routes)]
    for paths, name in shared_names(every, words_of(it.module.core.contributions())).items():
        if any(path.startswith(f"{it.package}.") for path in paths):
            classes = " and ".join(paths)
            yield f"{classes} share the name {name} in the OpenAPI document: rename a class"


def asks_only_for_its_own_permissions(it: Subject) -> Iterator[str]:
    for operation in it.operations():
        policy = options_of(operation).policy
        for needed in filter(None, (policy.needs, policy.scope)):
            if needed not in [*it.contributed(Permission), *shown_to(it)]:
                yield f"{operation} needs {needed.name}, which is not {it.name}'s to give"


def shown_to(it: Subject) -> list[Permission]:
    """Return the permissions that any module has in its `public.py`."""
    members = [member for other in subjects_of(it.app) for member in other.members("public")]
    return [member for member in members if isinstance(member, Permission)]


def answers_with_schemas(it: Subject) -> Iterator[str]:
    for operation in it.operations():
        kind = operation.parsed_fn_signature.return_type
        parts = kind.inner_types if kind.is_union else (kind,)
        if not all(part.is_subclass_of((Schema, Response, type(None))) for part in parts):
            yield f"{operation} answers with {kind.annotation}, not with a Schema"


def bounds_its_lists(it: Subject) -> Iterator[str]:
    for operation in it.operations():
        kind = operation.parsed_fn_signature.return_type
        if kind.is_subclass_of(Page) and options_of(operation).listing is None:
            yield f"{operation} gives a page of any size: write listing=… to bound it"


def indexes_its_lists(it: Subject) -> Iterator[str]:
    """Require an index for each order; without one, a page reads and sorts the whole table."""
    for operation in it.operations():
        if isinstance(listing := options_of(operation).listing, Listing):
            for missing in missing_indexes(listing):
                yield f"{operation}: {missing}"


def names_the_action_of_each_write(it: Subject) -> Iterator[str]:
    """Require the audit action of a module, so that refused and successful attempts have the same.

    A route for an operation of another module therefore has an action of that module.
    """
    for operation in it.operations():
        if WRITES.isdisjoint(operation.http_methods):
            continue
        action = options_of(operation).audit
        if action and action.partition(".")[0] not in it.modules:
            right = operation_id(it.name, operation.fn.__name__)
            yield f'{operation} has the audit name {action} of no module: write audit="{right}"'


def prefixes_its_tables(it: Subject) -> Iterator[str]:
    """Require the module's name as prefix: revisions and comparisons omit other tables."""
    for table in it.tables():
        if not it.owns(table.name):
            yield f"the table {table.name} is no module's: name it {it.name} or {it.name}_…"


def refers_only_to_itself_and_to_users(it: Subject) -> Iterator[str]:
    for table in it.tables():
        for key in table.foreign_keys:
            target = key.target_fullname
            if target != "users.id" and not it.owns(target.partition(".")[0]):
                yield f"{table.name}.{key.parent.name} refers to {target}: keep the bare id"


def keeps_times_with_their_zone(it: Subject) -> Iterator[str]:
    """Require types that keep the time zone: in SQLite, 9:00 in Seoul would equal 9:00 in UTC."""
    for table in it.tables():
        for column in table.columns:
            if loses_zone(column.type):
                kind = type(column.type).__name__
                yield (
                    f"{table.name}.{column.name} is a {kind}, which loses the time zone: write "
                    "Mapped[datetime] without a type, or UtcDateTime() from core.data.models"
                )


def keeps_zones_in_its_migrations(it: Subject) -> Iterator[str]:
    for file in history_of(it.name, it.package).files:
        for line in sorted(lines_without_time_zone(file)):
            yield f"{file}, line {line} has no time zone: write sa.DateTime(timezone=True)"


def lines_without_time_zone(file: Path) -> Iterator[int]:
    """Yield the lines with a date-time type of SQLAlchemy that lacks `timezone=True`."""
    tree = ast.parse(file.read_bytes())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    right = [call.func for call in calls if any(map(keeps_zone, call.keywords))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and node not in right:
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in ("DateTime", "TIMESTAMP", "DATETIME"):
                yield node.lineno


def keeps_zone(keyword: ast.keyword) -> bool:
    is_true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
    return keyword.arg == "timezone" and is_true


def owns_its_errors(it: Subject) -> Iterator[str]:
    """Require the module's name in each error code; a class without a code is never raised."""
    for error in it.errors():
        owner = error.speaks_for or it.name
        if not error.code.startswith(f"{owner}."):
            right = f"{owner}.{error.code.rpartition('.')[2]}"
            yield f'{named(error)} has the code {error.code} of another: write code = "{right}"'


def gives_each_error_its_own_code(it: Subject) -> Iterator[str]:
    """Require codes that are distinct within core and the module; others begin with other names."""
    packages = ("core.", f"{it.package}.")
    every = [other for other in all_errors() if other.__module__.startswith(packages)]
    for error in it.errors():
        others = [other for other in every if other.code == error.code and other is not error]
        if others:
            yield f"{named(error)} has the code {error.code} of {named(others[0])}: write another"


def named(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def states_its_events_as_facts(it: Subject) -> Iterator[str]:
    for event in it.classes("public"):
        if not issubclass(event, Event):
            continue
        if "__dataclass_fields__" not in vars(event):
            yield f"{named(event)} is no dataclass: write @dataclass(frozen=True) above it"
        if not re.fullmatch(rf"{it.name}\.[a-z_]+", event.name):
            yield f'{named(event)} has the name {event.name}: write name = "{it.name}.…"'


def speaks_in_values(it: Subject) -> Iterator[str]:
    for kind in it.classes("public"):
        if issubclass(kind, BaseModel) or hasattr(kind, "__table__"):
            yield f"{kind.__name__} is a body or a row: other modules get plain values"


def keeps_what_it_exports(it: Subject) -> Iterator[str]:
    for export in it.contributed(Export):
        if not getattr(export.port, "_is_runtime_protocol", False):
            yield f"{export.name}, which {it.name} exports, is not a runtime_checkable Protocol"
        elif not isinstance(export.provider(), export.port):
            yield f"{it.name} exports as {export.name} an object that lacks methods of that port"


def names_what_it_contributes(it: Subject) -> Iterator[str]:
    """Require the module's name as prefix, except for paths, ports and names for clients."""
    for part in it.contributed(Contribution):
        is_exempt = isinstance(
            part, AnyHost | Export | Mount | Permission | RateLimit | SecurityScheme
        )
        if not is_exempt and not part.name.startswith(f"{it.name}."):
            yield f"the {type(part).__name__} {part.name} does not begin with {it.name}"


def shows_each_name_once(it: Subject) -> Iterator[str]:
    """Require distinct last parts of names, by which figures and checks are shown to clients."""
    for kind in (UserStatistic, HealthCheck):
        shown = [last_part(part.name) for part in it.module.core.contributions().of(kind)]
        for part in it.contributed(kind):
            if shown.count(name := last_part(part.name)) > 1:
                yield f"the {kind.__name__} {part.name} is shown as {name}, and so is another one"


def last_part(name: str) -> str:
    return name.rpartition(".")[2]


def names_each_command_once(it: Subject) -> Iterator[str]:
    """Require distinct command names: of two with the same name, only core's is ever run."""
    every = [(other.name, name) for other in subjects_of(it.app) for name in commands_of(other)]
    doubled = doubled_commands(every)
    yield from (doubled[name] for name in dict.fromkeys(commands_of(it)) if name in doubled)


def commands_of(it: Subject) -> list[str]:
    """Return the names of the module's commands. Raises WiringError if one cannot be made."""
    names = []
    for command in it.contributed(Command):
        with as_wiring_error(f"The command {command.name} cannot be made", it.package):
            names.append(command.make().name or "")
    return names


def exports_public_ports(it: Subject) -> Iterator[str]:
    for export in it.contributed(Export):
        place = export.port.__module__
        if not place.endswith(".public") and not place.startswith("core."):
            yield f"{it.name} exports {export.name}, which is in no public.py: move it there"


def compares_passwords_by_the_guard(it: Subject) -> Iterator[str]:
    """Require that only the export of `Reauthentication` compares passwords: it counts attempts.

    A service that only sets passwords asks for NewPasswords.
    """
    if any(export.port is Reauthentication for export in it.contributed(Export)):
        return
    of_handlers = (need for operation in it.operations() for need in needs_of_handler(operation))
    for need in chain(*it.module.container.needs.values(), of_handlers):
        if isclass(need.kind) and issubclass(need.kind, Passwords):
            yield f"{it.name}'s {need.owner} compares passwords itself: ask for Reauthentication"


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
    compares_passwords_by_the_guard,
]
"""A breach makes requests fail or breaks a guarantee: the application does not start."""

CHECK_RULES: list[Rule] = [
    says_what_it_is_for,
    summarises_each_operation,
    names_each_operation_once,
    names_each_body_once,
    asks_only_for_its_own_permissions,
    answers_with_schemas,
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
