"""The OpenAPI document of an application: of all routes, by whatever module."""

from importlib import import_module
from typing import Any

from litestar import Litestar

from core.kernel.contributions import Contributions
from core.kernel.principal import Permission
from core.operations.contributions import UserStatistic
from core.web.openapi.document import document_of
from core.web.openapi.schemes import SecurityScheme
from core.wiring.module import Module
from core.wiring.plugin import CorePlugin
from core.wiring.routes import operations_of


def document_of_application(app: Litestar) -> dict[str, Any]:
    core = app.plugins.get(CorePlugin).container
    modules = [each for each in app.plugins if isinstance(each, Module)]
    return document_of(
        operations_of(app.routes),
        core.settings().public_url,
        {each.name: each.scheme for each in core.contributions().of(SecurityScheme)},
        {each.name: what_it_is_for(import_module(each.package).__doc__) for each in modules},
        words_of(core.contributions()),
    )


def words_of(contributions: Contributions) -> dict[str, list[str]]:
    """The values that `x-enum` and `x-members` of a schema refer to."""
    permissions = contributions.of(Permission)
    return {
        "permission": sorted(each.name for each in permissions),
        "scope": sorted(each.name for each in permissions if each.scope),
        "figure": [each.name.rpartition(".")[2] for each in contributions.of(UserStatistic)],
    }


def what_it_is_for(docstring: str | None) -> str:
    """`Posts: what people publish.` becomes `What people publish.`"""
    line = (docstring or "").strip().partition("\n")[0]
    text = line.rpartition(": ")[2]
    return text[:1].upper() + text[1:]
