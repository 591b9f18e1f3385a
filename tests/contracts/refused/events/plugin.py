"""A module whose event has a name of another module."""

from core.wiring.module import Module


class Plugin(Module): ...
