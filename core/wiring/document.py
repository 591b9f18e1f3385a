"""The OpenAPI document of an application, with the routes of all modules."""

from importlib import import_module

from litestar import Litestar

from core.kernel.contributions import Contributions
from core.kernel.json_types import JsonObject
from core.kernel.principal import Permission
from core.operations.contributions import UserStatistic
from core.security.authentication import named_errors
from core.web.openapi.document import document_of
from core.web.openapi.schemes import SecurityScheme
from core.wiring.module import Module
from core.wiring.plugin import core_of
from core.wiring.routes import operations_of


def document_of_application(app: Litestar) -> JsonObject:
    core = core_of(app)
    modules = [plugin for plugin in app.plugins if isinstance(plugin, Module)]
    return document_of(
        operations_of(app.routes),
        core.settings().public_url,
        {it.name: it.scheme for it in core.contributions().of(SecurityScheme)},
        {it.name: tag_description(import_module(it.package).__doc__) for it in modules},
        words_of(core.contributions()),
        named_errors(core.contributions()),
    )


def words_of(contributions: Contributions) -> dict[str, list[str]]:
    """Return the values that `x-enum` and `x-members` of a schema refer to."""
    permissions = contributions.of(Permission)
    return {
        "permission": sorted(it.name for it in permissions),
        "scope": sorted(it.name for it in permissions if it.scope),
        "statistic": [it.name.rpartition(".")[2] for it in contributions.of(UserStatistic)],
    }


def tag_description(docstring: str | None) -> str:
    """Return the description of a tag: `Posts: texts of users.` → `Texts of users.`"""
    line = (docstring or "").strip().partition("\n")[0]
    text = line.rpartition(": ")[2]
    return text[:1].upper() + text[1:]
