"""A module as the rules see it: what it declares, and the tables, routes and errors it owns."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass
from typing import Any, TypeVar

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Table

from core.data.models import Base
from core.kernel.contributions import Contribution
from core.kernel.errors import ProblemError
from core.kernel.loading import told_in_a_sentence
from core.web.route_options import RouteOptions
from core.wiring.module import Module
from core.wiring.registry import AnyModule
from core.wiring.routes import operations_of

K = TypeVar("K", bound=Contribution)


@dataclass(frozen=True)
class Subject:
    """One module inside a running application."""

    app: Litestar
    module: AnyModule

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def package(self) -> str:
        return self.module.package

    @property
    def modules(self) -> set[str]:
        return {each.name for each in self.app.plugins if isinstance(each, Module)}

    def classes(self, file: str) -> list[type]:
        """The classes written in this file of the module; none if there is no such file."""
        path = f"{self.package}.{file}"
        members = self.members(file)
        return [each for each in members if isclass(each) and each.__module__ == path]

    def members(self, file: str) -> list[Any]:
        """Return the values in this file of the module, imported ones too; none without it."""
        path = f"{self.package}.{file}"
        with told_in_a_sentence(f"{path} cannot be loaded", self.package):
            found = getmembers(import_module(path)) if find_spec(path) else []
        return [each for _, each in found]

    def tables(self) -> list[Table]:
        """Return the tables of its models, in any file, and those without a class."""
        own, path = f"{self.package}.", f"{self.package}.models."
        named = self.members("models")  # loads them
        mappers = [it for it in Base.registry.mappers if it.class_.__module__.startswith(own)]
        parts = [it for name, it in sys.modules.items() if name.startswith(path)]
        named += [each for part in parts for each in vars(part).values()]
        models = [vars(it).get("__table__") for it in named if isclass(it)]
        every = [*(it.local_table for it in mappers), *models, *named]
        return [*dict.fromkeys(each for each in every if isinstance(each, Table))]

    def owns(self, table: str) -> bool:
        return f"{table}_".startswith(f"{self.name}_")

    def contributed(self, kind: type[K]) -> list[K]:
        return self.module.core.contributions().of(kind, self.name)

    def operations(self) -> list[HTTPRouteHandler]:
        """Return the handlers of its routes, inherited ones too."""
        found = {id(handler): handler for _, handler in operations_of(self.app.routes)}
        return [each for each in found.values() if rules_of(each).module == self.name]

    def errors(self) -> list[type[ProblemError]]:
        """Return the error classes with a code of this module, from all of its files."""
        return [each for each in all_errors() if each.__module__.startswith(f"{self.package}.")]


def rules_of(operation: HTTPRouteHandler) -> RouteOptions:
    rules: RouteOptions = operation.opt["rules"]
    return rules


def subjects_of(app: Litestar) -> list[Subject]:
    return [Subject(app, each) for each in app.plugins if isinstance(each, Module)]


def all_errors() -> list[type[ProblemError]]:
    return [each for each in all_below(ProblemError) if hasattr(each, "code")]


def all_below(kind: type[ProblemError]) -> Iterator[type[ProblemError]]:
    for each in kind.__subclasses__():
        yield each
        yield from all_below(each)
