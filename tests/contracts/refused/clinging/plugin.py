"""A module whose rows keep users from being erased."""

from core.wiring.module import Module, ModuleContainer


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
