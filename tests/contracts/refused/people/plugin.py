"""A module that holds something about users and contributes no PersonalData."""

from core.wiring.module import Module, ModuleContainer


class Plugin(Module[ModuleContainer]):
    container_type = ModuleContainer
