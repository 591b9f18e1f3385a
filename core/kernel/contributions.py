"""What modules add to the core and to each other: one idea for every kind of extension."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound="Contribution")


class WiringError(Exception):
    """The modules do not fit together; the application must not start."""


class Contribution:
    """One thing a module adds. Each subclass is an extension point, kept beside its collector."""

    name: str
    """Given once per kind, and owned: it begins with the module's name."""


@dataclass(frozen=True)
class Export(Contribution, Generic[T]):
    """A port of the module's `public.py`, and what serves it."""

    port: type[T]
    provider: Callable[[], T]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.port.__name__)


class Contributions:
    """Everything that was contributed; known as soon as all modules are assembled."""

    def __init__(self) -> None:
        self._by_module: Mapping[str, Sequence[Contribution]] | None = None

    def fill(self, by_module: Mapping[str, Sequence[Contribution]]) -> None:
        givers: dict[tuple[type, str], str] = {}
        for module, contributed in by_module.items():
            for each in contributed:
                kind, name = type(each), each.name
                if other := givers.get((kind, name)):
                    whom = f"{other} and {module} both contribute"
                    raise WiringError(f"{whom} the {kind.__name__} {name}: keep one.")
                givers[kind, name] = module
        self._by_module = by_module

    @property
    def modules(self) -> list[str]:
        """Everyone who could contribute, in wiring order; core first."""
        return list(self._by_module or ())

    def of(self, kind: type[K], module: str | None = None) -> list[K]:
        """All of one kind, from every module or from one."""
        if self._by_module is None:
            raise WiringError(f"{kind.__name__}s are asked for before all modules are assembled.")
        givers = self._by_module if module is None else [module]
        contributed = (each for giver in givers for each in self._by_module[giver])
        return [each for each in contributed if isinstance(each, kind)]
