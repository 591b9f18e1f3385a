"""Events as JSON. Fields may be added with defaults, and unknown fields are ignored."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from core.kernel.events import Event

E = TypeVar("E", bound=Event)

_adapters: dict[type[Event], TypeAdapter[Any]] = {}  # Any: each one is of the type in its key


class Unreadable(Exception):
    """The stored JSON is not an event of this type, and no retry changes that."""


def encode(event: Event) -> str:
    return adapter(type(event)).dump_json(event).decode()


def decode(kind: type[E], payload: str) -> E:
    """Return the event. Raises Unreadable, which names the wrong fields but not their values."""
    try:
        return adapter(kind).validate_json(payload)
    except ValidationError as error:
        fields = (
            f"{'.'.join(map(str, detail['loc']))} {detail['type']}" for detail in error.errors()
        )
        raise Unreadable(f"payload: {', '.join(fields)}") from None


def adapter(kind: type[E]) -> TypeAdapter[E]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
