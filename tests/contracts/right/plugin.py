"""A module whose tables keep the rules."""

from core.wiring.module import Module, ModuleContainer


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
