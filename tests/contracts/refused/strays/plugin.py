"""A module whose table has a name of no module."""

from core.wiring.module import Module


class Plugin(Module): ...
