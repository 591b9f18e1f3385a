"""A module whose times lose their zone on SQLite."""

from core.wiring.module import Module


class Plugin(Module): ...
