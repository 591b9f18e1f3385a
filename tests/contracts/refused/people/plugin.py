"""A module that stores data about users and contributes no PersonalData."""

from core.wiring.module import Module


class Plugin(Module): ...
