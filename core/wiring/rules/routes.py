"""The rules for the routes of a module, their permissions, bodies and lists."""

from collections.abc import Iterator
from itertools import chain

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from core.data.listing_indexes import missing_indexes
from core.data.queries import Listing
from core.kernel.principal import Permission
from core.kernel.schemas import Page, Schema
from core.web.openapi.document import operation_id
from core.web.openapi.names import shared_names
from core.web.route_options import options_of
from core.wiring.document import words_of
from core.wiring.module import AddedRoutes
from core.wiring.routes import WRITES, operations_of
from core.wiring.subject import Subject, subjects_of


def summarises_each_operation(it: Subject) -> Iterator[str]:
    for operation in it.operations:
        if not operation.summary:
            yield f"{operation} has no summary"


def names_each_operation_once(it: Subject) -> Iterator[str]:
    """Require distinct operation ids: `notes.read` is that of `read_note` and of `read_notes`."""
    every = [id_of(operation) for other in subjects_of(it.app) for operation in other.operations]
    for name in sorted({id_of(operation) for operation in it.operations}):
        if every.count(name) > 1:
            yield f"{name} names two operations"


def id_of(operation: HTTPRouteHandler) -> str:
    return operation_id(options_of(operation).module, operation.fn.__name__)


def names_each_body_once(it: Subject) -> Iterator[str]:
    """Require distinct names of bodies: equal ones become long names in the OpenAPI document."""
    every = [handler for _, handler in operations_of(it.app.routes)]
    for paths, name in shared_names(every, words_of(it.module.core.contributions())).items():
        if any(path.startswith(f"{it.package}.") for path in paths):
            classes = " and ".join(paths)
            yield f"{classes} share the name {name} in the OpenAPI document: rename a class"


def asks_only_for_its_own_permissions(it: Subject) -> Iterator[str]:
    for operation in it.operations:
        policy = options_of(operation).policy
        for needed in filter(None, (policy.needs, policy.scope)):
            if needed not in [*given_by(it), *shown_to(it)]:
                yield f"{operation} needs {needed.name}, which {it.name} does not contribute"


def contributes_its_permissions(it: Subject) -> Iterator[str]:
    """Require each permission of `permissions.py`: a service that asks for it would refuse all."""
    known = [*it.module.core.contributions().of(Permission), *given_by(it)]
    for member in it.members("permissions"):
        if isinstance(member, Permission) and member not in known:
            yield f"{it.name} does not contribute {member.name}, so no role has that permission"


def given_by(it: Subject) -> list[Permission]:
    """Return the permissions that the module contributes, also those of its `AddedRoutes`."""
    added = it.contributed(AddedRoutes)
    return [*it.contributed(Permission), *chain(*(routes.permissions for routes in added))]


def shown_to(it: Subject) -> list[Permission]:
    """Return the permissions that any module has in its `public.py`."""
    members = [member for other in subjects_of(it.app) for member in other.members("public")]
    return [member for member in members if isinstance(member, Permission)]


def returns_schemas(it: Subject) -> Iterator[str]:
    for operation in it.operations:
        kind = operation.parsed_fn_signature.return_type
        parts = kind.inner_types if kind.is_union else (kind,)
        if not all(part.is_subclass_of((Schema, Response, type(None))) for part in parts):
            yield f"{operation} returns {kind.annotation}, not a Schema"


def bounds_its_lists(it: Subject) -> Iterator[str]:
    for operation in it.operations:
        kind = operation.parsed_fn_signature.return_type
        if kind.is_subclass_of(Page) and options_of(operation).listing is None:
            yield f"{operation} gives a page of any size: write listing=… to bound it"


def indexes_its_lists(it: Subject) -> Iterator[str]:
    """Require an index for each order; without one, a page reads and sorts the whole table."""
    for operation in it.operations:
        if isinstance(listing := options_of(operation).listing, Listing):
            for missing in missing_indexes(listing):
                yield f"{operation}: {missing}"


def names_the_action_of_each_write(it: Subject) -> Iterator[str]:
    """Require the audit action of a module, so that refused and successful attempts have the same.

    A route for an operation of another module therefore has an action of that module.
    """
    for operation in it.operations:
        if WRITES.isdisjoint(operation.http_methods):
            continue
        action = options_of(operation).audit
        if action and action.partition(".")[0] not in it.modules:
            right = id_of(operation)
            yield f'{operation} has the audit name {action} of no module: write audit="{right}"'
