"""The services that handlers ask for by `NamedDependency[…]`, matched by type as for services."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from inspect import getmembers, isclass
from typing import Any, get_args, get_type_hints

from litestar import Controller
from litestar.di import Dependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.utils.helpers import unwrap_partial

from core.kernel.contributions import WiringError
from core.wiring.services import Need, ServiceContainer, name_of, required_parameters


def needs_of_handlers(controllers: Sequence[type[Controller]]) -> Iterator[Need]:
    """Yield the dependencies that handlers ask for, except those that they declare themselves."""
    for controller in controllers:
        declared = getattr(controller, "dependencies", None)
        given = {*declared} if isinstance(declared, Mapping) else set()
        for handler in handlers_of(controller):
            known = given | {*(handler.dependencies or ())}
            yield from (need for need in needs_of_handler(handler) if need.name not in known)


def handlers_of(controller: Any) -> list[BaseRouteHandler]:
    """Return the handlers of a controller; none of another value, which Litestar refuses."""
    members = getmembers(controller) if isclass(controller) else []
    return [member for _, member in members if isinstance(member, BaseRouteHandler)]


def needs_of_handler(handler: BaseRouteHandler) -> Iterator[Need]:
    """Yield the dependencies; none if an annotation has an unknown name, which Litestar refuses."""
    function, types = unwrap_partial(handler.fn), dict[str, Any]()
    with suppress(NameError):
        types = get_type_hints(function, include_extras=True)
    for name in required_parameters(function):
        if is_named(types.get(name)):
            yield Need(get_args(types[name])[0], name, function.__qualname__)


def is_named(annotation: Any) -> bool:
    marks = getattr(annotation, "__metadata__", ())
    return any(isinstance(mark, Dependency) for mark in marks)


def is_service(kind: Any) -> bool:
    """Return whether a module must offer this type; core has others for each request."""
    return isclass(kind) and not kind.__module__.startswith("core.")


def dependencies_of(needs: Iterable[Need], container: ServiceContainer) -> dict[str, Provide]:
    """Return the services that handlers ask for, by the names of the parameters.

    Raises WiringError if one name stands for two types: Litestar knows dependencies by name.
    """
    first: dict[str, Need] = {}
    for need in needs:
        other = first.setdefault(need.name, need)
        kinds = {need.kind, other.kind}
        if len(kinds) == 2 and kinds & container.offers.keys():
            uses = " and ".join(f"{name_of(it.kind)} in {it.owner}" for it in (other, need))
            raise WiringError(f"The name {need.name} is used for {uses}: rename one.")
    offers = {name: container.offers.get(need.kind) for name, need in first.items()}
    return {name: as_dependency(offer.provider) for name, offer in offers.items() if offer}


def as_dependency(provider: Any) -> Provide:
    """Return a dependency that calls the provider at each request, as a test may override it."""
    return Provide(lambda: provider(), sync_to_thread=False)
