"""A module that holds something about users and contributes no PersonalData."""

from core.wiring.module import Module


class Plugin(Module): ...
