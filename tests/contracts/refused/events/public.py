from dataclasses import dataclass

from core.kernel.events import Event


@dataclass(frozen=True)
class ThingMoved(Event):
    name = "files.thing_moved"
