"""A module whose error has the code of an error that another module has."""

from core.wiring.module import Module
from modules.files.errors import FileNotFound


class Taken(FileNotFound):
    pass


class Plugin(Module): ...
