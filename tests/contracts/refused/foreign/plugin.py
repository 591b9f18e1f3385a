"""A module whose error has a code of another module."""

from core.kernel.errors import NotFound
from core.wiring.module import Module


class Elsewhere(NotFound):
    code = "files.elsewhere"
    title = "It is elsewhere."


class Plugin(Module): ...
