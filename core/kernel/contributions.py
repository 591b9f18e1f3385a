"""Contributions, by which modules add to the core and to each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound="Contribution")


class WiringError(Exception):
    """The modules do not fit together; the application must not start."""


class Contribution:
    """An object that a module adds. Each subclass is an extension point, next to its collector.

    A module defines further kinds in its `public.py`, and reads them with `Contributions.of`.

    ```python
    @dataclass(frozen=True)
    class Greeting(Contribution):
        name: str
        text: str
    ```
    """

    name: str
    """The name is unique per kind. In most kinds it begins with the name of the module."""


@dataclass(frozen=True)
class Export(Contribution, Generic[T]):
    """A port of the module's `public.py`, and the provider of its implementation.

    Services of other modules get the implementation by the type of the port.

    ```python
    class NoteCounts(Protocol):
        async def count(self, owner_id: UUID) -> int: ...

    class Counts:
        async def count(self, owner_id: UUID) -> int:
            return 0

    export = Export(NoteCounts, Counts)
    ```
    """

    port: type[T]
    provider: Callable[[], T]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.port.__name__)


class Contributions:
    """All contributions; they can be read when all modules are assembled.

    A service asks for them in its constructor, and reads those of one kind when it needs them.

    ```python
    contributions = Contributions()
    contributions.fill({"notes": [Permission("notes:write", "Write notes.")]})
    assert [it.name for it in contributions.of(Permission)] == ["notes:write"]
    ```
    """

    def __init__(self) -> None:
        self._by_module: Mapping[str, Sequence[Contribution]] | None = None

    def fill(self, by_module: Mapping[str, Sequence[Contribution]]) -> None:
        givers: dict[tuple[type, str], str] = {}
        for module, contributed in by_module.items():
            for contribution in contributed:
                kind, name = type(contribution), contribution.name
                if other := givers.get((kind, name)):
                    both = f"{other} and {module} both contribute"
                    raise WiringError(f"{both} the {kind.__name__} {name}: keep one.")
                givers[kind, name] = module
        self._by_module = by_module

    @property
    def modules(self) -> list[str]:
        """Return the names of core and of all modules, in wiring order."""
        return list(self._by_module or ())

    def of(self, kind: type[K], module: str | None = None) -> list[K]:
        """Return the contributions of one kind, of all modules or of one.

        A module that is not installed has none. Raises WiringError before modules are assembled.
        """
        if self._by_module is None:
            raise WiringError(f"{kind.__name__}s are read before all modules are assembled.")
        givers = self._by_module if module is None else [module]
        contributed = (added for giver in givers for added in self._by_module.get(giver, ()))
        return [added for added in contributed if isinstance(added, kind)]
