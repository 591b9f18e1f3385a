"""A module whose table has a name of no module."""

from core.wiring.module import Module, ModuleContainer


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
