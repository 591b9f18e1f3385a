"""The events that the module publishes for its own listeners."""

from dataclasses import dataclass

from core.kit import Event


@dataclass(frozen=True, kw_only=True)
class ContentDropped(Event):
    """No row refers to these stored objects any more."""

    name = "files.content_dropped"

    storage_keys: tuple[str, ...]
