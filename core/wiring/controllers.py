"""The services of controllers: an annotated attribute gets the service of its type."""

from collections.abc import Callable, Iterator
from inspect import get_annotations, isclass

from litestar import Controller

from core.kernel.contributions import WiringError
from core.wiring.services import Need, ServiceContainer

OF_LITESTAR = frozenset(dir(Controller))


def needs_of_controller(controller: type[Controller]) -> Iterator[Need]:
    """Yield the attributes of a controller, also inherited ones, that have no value.

    Raises WiringError for a name that Litestar has for an attribute of its own.
    """
    for layer in own_layers(controller):
        for name, kind in get_annotations(layer, eval_str=True).items():
            if name in OF_LITESTAR and name not in vars(layer):
                option = f"{controller.__name__}.{name} is an option of Litestar"
                raise WiringError(f"{option}: give the service another name.")
            if not hasattr(controller, name):
                yield Need(kind, name, controller.__name__)


def own_layers(controller: type[Controller]) -> tuple[type, ...]:
    """Return the classes below Litestar's own; none of another value, which Litestar refuses."""
    layers = controller.__mro__ if isclass(controller) else ()
    return layers[: layers.index(Controller)] if Controller in layers else ()


def with_services(controller: type[Controller], container: ServiceContainer) -> type[Controller]:
    """Return a subclass for one application, with a property for each service."""
    services = {
        need.name: service_of(container.offers[need.kind].provider)
        for need in needs_of_controller(controller)
    }
    return type(controller.__name__, (controller,), services) if services else controller


def service_of(provider: Callable[[], object]) -> property:
    """Return a property that calls the provider each time, as a test may override it."""
    return property(lambda _: provider())
