"""The services of a module: built once, at the start, with arguments that are matched by type."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from inspect import Parameter, isclass, signature
from itertools import chain
from typing import TypeVar, cast, get_type_hints

from dependency_injector import providers
from dependency_injector.providers import Dependency, Provider, Singleton

from core.kernel.contributions import WiringError
from core.kernel.loading import as_wiring_error
from core.wiring.container import CoreContainer

S = TypeVar("S")
N = TypeVar("N", bound=Hashable)
Service = Callable[..., object]
"""A class, or a function whose annotated result is the type of the service."""


@dataclass(frozen=True)
class Need:
    """A parameter of a service or attribute of a controller, which gets the offer of its type."""

    kind: object
    name: str
    owner: str

    def __str__(self) -> str:
        return f"{name_of(self.kind)} for {self.name} of {self.owner}"


@dataclass(frozen=True)
class Offer:
    """A provider, with the name of its module or `core`."""

    giver: str
    provider: Provider[object]


class ServiceContainer:
    """The providers that the parameters of a module may ask for, by type."""

    def __init__(self, module: str, services: Sequence[Service], core: CoreContainer) -> None:
        self.own: dict[object, Singleton[object]] = {}
        self._module = module
        self.offers = {kind: Offer("core", it) for kind, it in offers_of(core).items()}
        for service in services:
            kind, provider = type_of(service), Singleton(service)
            self.offer(kind, module, provider)
            self.own[kind] = provider

    def offer(self, kind: object, giver: str, provider: Callable[[], object]) -> None:
        """Add a provider. Raises WiringError if another one has the same type."""
        if other := self.offers.get(kind):
            both = f"{name_of(kind)} is offered by {other.giver} and by {giver}"
            raise WiringError(f"{self._module} cannot choose: {both}; keep one.")
        if not isinstance(provider, Provider):
            provider = providers.Callable(provider)
        self.offers[kind] = Offer(giver, provider)

    def provider(self, kind: type[S]) -> Provider[S]:
        """Return the provider of this type. Raises WiringError if there is none."""
        if offer := self.offers.get(kind):
            return cast("Provider[S]", offer.provider)
        raise WiringError(f"{self._module} has no {name_of(kind)}: add it to its `services`.")

    @cached_property
    def needs(self) -> dict[Singleton[object], list[Need]]:
        """Return the parameters of each service of the module."""
        return {provider: [*needs_of(provider.cls)] for provider in self.own.values()}

    def connect(self) -> None:
        """Give each service the providers of its parameters."""
        for provider, needs in self.needs.items():
            provider.set_kwargs(**{it.name: self.offers[it.kind].provider for it in needs})

    def build(self, package: str) -> None:
        """Build every service, so that a wrong setting stops the start."""
        for kind, provider in self.own.items():
            with as_wiring_error(f"{self._module} cannot build its {name_of(kind)}", package):
                provider()


def offers_of(core: CoreContainer) -> dict[object, Provider[object]]:
    """Return the providers of core, by the type of what they provide."""
    offers: dict[object, Provider[object]] = {}
    for provider in core.providers.values():
        if isinstance(provider, Dependency):
            offers[provider.instance_of] = provider
        elif isinstance(provider, Singleton):
            offers[type_of(provider.cls)] = provider
    return offers


def type_of(service: Service) -> object:
    """Return the type of a service. Raises WiringError for a function without one."""
    if isclass(service):
        return service
    if kind := get_type_hints(service).get("return"):
        return kind
    raise WiringError(f"The service {place_of(service)} has no type: annotate its result.")


def needs_of(service: Service) -> Iterator[Need]:
    """Yield the parameters of a service, except those with a default.

    Raises WiringError for a parameter without an annotation.
    """
    types = get_type_hints(service.__init__ if isclass(service) else service)
    for name in required_parameters(service):
        if name not in types:
            raise WiringError(f"{name} of {place_of(service)} has no type: annotate it.")
        yield Need(types[name], name, name_of(service))


def required_parameters(function: Callable[..., object]) -> list[str]:
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    parameters = signature(function).parameters.values()
    return [it.name for it in parameters if it.default is it.empty and it.kind not in variadic]


def refuse_circles(containers: Iterable[ServiceContainer]) -> None:
    """Raise WiringError if services, of any modules, need each other in a circle."""
    kinds: dict[Provider[object], object] = {}
    needed: dict[Provider[object], list[Provider[object]]] = {}
    for kind, service in chain(*(container.own.items() for container in containers)):
        kinds[service], needed[service] = kind, [*map(real, service.kwargs.values())]
    move = "; move what they share into one of its own"
    in_order("Services", needed, lambda it: name_of(kinds[it]), move)


def in_order(
    plural: str, needed: Mapping[N, Iterable[N]], name: Callable[[N], str], advice: str = ""
) -> list[N]:
    """Return each key after those that it needs. Raises WiringError if they form a circle."""
    try:
        return [*TopologicalSorter(needed).static_order()]
    except CycleError as error:
        circle = " → ".join(map(name, reversed(error.args[1])))
        raise WiringError(f"{plural} depend on each other in a circle: {circle}{advice}.") from None


def real(provider: Provider[object]) -> Provider[object]:
    """Return the provider that stands in for this one, such as an export for a port of core."""
    return provider.last_overriding or provider


def place_of(service: Service) -> str:
    return f"{service.__module__}.{service.__qualname__}"


def name_of(kind: object) -> str:
    return getattr(kind, "__name__", None) or str(kind)
