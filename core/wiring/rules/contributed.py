"""The rules for the contributions of a module and for its services."""

from collections.abc import Iterator
from difflib import get_close_matches

from core.kernel.contributions import Contribution, Export
from core.kernel.loading import as_wiring_error
from core.kernel.principal import Permission
from core.operations.command_names import doubled_commands
from core.operations.contributions import Command, HealthCheck, UserStatistic
from core.security.limits import RateLimit
from core.web.openapi.schemes import SecurityScheme
from core.wiring.module import AddedRoutes, AnyHost, Mount
from core.wiring.subject import Subject, subjects_of


def keeps_what_it_exports(it: Subject) -> Iterator[str]:
    for export in it.contributed(Export):
        if not getattr(export.port, "_is_runtime_protocol", False):
            yield f"{export.name}, which {it.name} exports, is not a runtime_checkable Protocol"
        elif not isinstance(export.provider(), export.port):
            yield f"{it.name} exports as {export.name} an object that lacks methods of that port"


def adds_routes_to_modules(it: Subject) -> Iterator[str]:
    """Refuse a misspelt module; routes for a module that is not installed are left out."""
    for added in it.contributed(AddedRoutes):
        nearest = get_close_matches(added.module, sorted(it.modules), n=1, cutoff=0.75)
        if nearest and added.module not in it.modules:
            found = f"{added.name} adds routes to {added.module}, which is no module"
            yield f"{found}: write {nearest[0]}"


def names_what_it_contributes(it: Subject) -> Iterator[str]:
    """Require the module's name as prefix, except for paths, ports and names for clients."""
    for part in it.contributed(Contribution):
        is_exempt = isinstance(
            part, AnyHost | Export | Mount | Permission | RateLimit | SecurityScheme
        )
        if not is_exempt and not part.name.startswith(f"{it.name}."):
            yield f"the {type(part).__name__} {part.name} does not begin with {it.name}"


def shows_each_name_once(it: Subject) -> Iterator[str]:
    """Require distinct last parts of names, by which statistics and checks are shown to clients."""
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
            yield f"{it.name} exports {export.name}, which is not in a public.py: move it there"
