"""A module whose rows keep users from being erased."""

from core.wiring.module import Module


class Plugin(Module): ...
