"""A module as the rules check it: its contributions, tables, routes and errors."""

import sys
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass
from typing import TypeVar

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Table

from core.data.models import Base
from core.kernel.contributions import Contribution
from core.kernel.errors import ProblemError
from core.kernel.loading import as_wiring_error
from core.web.problems import errors_with_code
from core.wiring.module import Module
from core.wiring.options import giver_of
from core.wiring.routes import operations_of

K = TypeVar("K", bound=Contribution)


@dataclass(frozen=True)
class Subject:
    """One module inside a running application."""

    app: Litestar
    module: Module

    @property
    def name(self) -> str:
        return self.module.name

    @property
    def package(self) -> str:
        return self.module.package

    @property
    def modules(self) -> set[str]:
        return {plugin.name for plugin in self.app.plugins if isinstance(plugin, Module)}

    def classes(self, file: str) -> list[type]:
        """Return the classes that this file of the module defines; none if the file is missing."""
        path = f"{self.package}.{file}"
        members = self.members(file)
        return [it for it in members if isclass(it) and it.__module__ == path]

    def members(self, file: str) -> list[object]:
        """Return the values in this file, also imported ones; none if the file is missing."""
        path = f"{self.package}.{file}"
        with as_wiring_error(f"{path} cannot be loaded", self.package):
            members = getmembers(import_module(path)) if find_spec(path) else []
        return [member for _, member in members]

    @cached_property
    def tables(self) -> list[Table]:
        """Return the tables of the module's models, in any file, and tables without a class."""
        own, path = f"{self.package}.", f"{self.package}.models."
        named = self.members("models")  # loads the models
        mappers = [it for it in Base.registry.mappers if it.class_.__module__.startswith(own)]
        parts = [it for name, it in sys.modules.items() if name.startswith(path)]
        named += [value for part in parts for value in vars(part).values()]
        models = [vars(it).get("__table__") for it in named if isclass(it)]
        every = [*(it.local_table for it in mappers), *models, *named]
        return [*dict.fromkeys(it for it in every if isinstance(it, Table))]

    def owns(self, table: str) -> bool:
        return f"{table}_".startswith(f"{self.name}_")

    def contributed(self, kind: type[K]) -> list[K]:
        return self.module.core.contributions().of(kind, self.name)

    @cached_property
    def operations(self) -> list[HTTPRouteHandler]:
        """Return the handlers of the module, also inherited ones and those of `AddedRoutes`."""
        handlers = {id(handler): handler for _, handler in operations_of(self.app.routes)}
        return [it for it in handlers.values() if giver_of(it) == self.name]

    def errors(self) -> list[type[ProblemError]]:
        """Return the error classes with a code, from all files of this module."""
        own = f"{self.package}."
        return [it for it in errors_with_code(ProblemError) if it.__module__.startswith(own)]


def subjects_of(app: Litestar) -> list[Subject]:
    return [Subject(app, plugin) for plugin in app.plugins if isinstance(plugin, Module)]
