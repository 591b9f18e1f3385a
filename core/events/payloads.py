"""Events as JSON, and back: fields may be added with defaults, and unknown ones are passed over."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from core.kernel.events import Event

E = TypeVar("E", bound=Event)

_adapters: dict[type[Event], TypeAdapter[Any]] = {}


class Unreadable(Exception):
    """Stored JSON that is no such event, and never will be."""


def encode(event: Event) -> str:
    return adapter(type(event)).dump_json(event).decode()


def decode(kind: type[E], payload: str) -> E:
    """Raises Unreadable, saying which fields are wrong but not what they hold."""
    try:
        event: E = adapter(kind).validate_json(payload)
        return event
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))} {each['type']}" for each in error.errors())
        raise Unreadable(f"payload: {', '.join(wrong)}") from None


def adapter(kind: type[Event]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
