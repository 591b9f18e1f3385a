"""A module with a table without a class, whose times lose their zone."""

from core.wiring.module import Module


class Plugin(Module): ...
