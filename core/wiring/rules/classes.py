"""The rules for the package of a module: its docstring, its errors, its events and its values."""

import re
from collections.abc import Iterator
from importlib import import_module

from pydantic import BaseModel

from core.kernel.errors import ProblemError
from core.kernel.events import Event
from core.web.problems import errors_with_code
from core.wiring.subject import Subject


def says_what_it_is_for(it: Subject) -> Iterator[str]:
    if not import_module(it.package).__doc__:
        yield f"{it.package} has no docstring"


def owns_its_errors(it: Subject) -> Iterator[str]:
    """Require the module's name in each error code."""
    for error in it.errors():
        owner = error.speaks_for or it.name
        if not error.code.startswith(f"{owner}."):
            right = f"{owner}.{error.code.rpartition('.')[2]}"
            place = f"{named(error)} has the code {error.code} of another module"
            yield f'{place}: write code = "{right}"'


def gives_each_error_its_own_code(it: Subject) -> Iterator[str]:
    """Require codes that are distinct within core and the module; others begin with other names."""
    packages = ("core.", f"{it.package}.")
    every = [
        kind for kind in errors_with_code(ProblemError) if kind.__module__.startswith(packages)
    ]
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
            yield f"{named(event)} is not a dataclass: write @dataclass(frozen=True) above it"
        if not re.fullmatch(rf"{it.name}\.[a-z_]+", event.name):
            yield f'{named(event)} has the name {event.name}: write name = "{it.name}.…"'


def speaks_in_values(it: Subject) -> Iterator[str]:
    for kind in it.classes("public"):
        if issubclass(kind, BaseModel) or hasattr(kind, "__table__"):
            yield f"{kind.__name__} is a schema or a model: other modules must get plain values"
