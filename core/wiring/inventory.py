"""The installed modules, for services that list them at run time."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class ModuleInfo:
    name: str
    version: str
    routes: int = 0


class InstalledModules:
    """The installed modules in wiring order, added while the application is built."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleInfo] = {}

    def __iter__(self) -> Iterator[ModuleInfo]:
        return iter(self._modules.values())

    def add(self, name: str, version: str) -> None:
        self._modules[name] = ModuleInfo(name, version)

    def count_route(self, module: str) -> None:
        if info := self._modules.get(module):
            info.routes += 1
