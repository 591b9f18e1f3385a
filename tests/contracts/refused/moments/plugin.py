"""A module whose times lose their zone on SQLite."""

from core.wiring.module import Module, ModuleContainer


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
