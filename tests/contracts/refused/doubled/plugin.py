"""A module with two errors of one code."""

from core.kernel.errors import Conflict, NotFound
from core.wiring.module import Module


class ThingNotFound(NotFound):
    code = "odd.thing"
    title = "There is no such thing."


class ThingTaken(Conflict):
    code = "odd.thing"
    title = "The thing is taken."


class Plugin(Module): ...
