"""Events are stored: this release still reads events of earlier releases."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass

import pytest

from core.events.payloads import decode
from core.kernel.events import Event
from core.wiring.registry import discover
from tests.pins import payload_file


def events() -> Iterator[tuple[str, type[Event]]]:
    for name, plugin in discover().items():
        package = plugin.__module__.rpartition(".")[0]
        for path in (f"{package}.public", f"{package}.events"):
            members = getmembers(import_module(path), isclass) if find_spec(path) else []
            for _, kind in members:
                if issubclass(kind, Event) and kind.__module__ == path:
                    yield name, kind


@pytest.mark.parametrize(
    ("module", "kind"), list(events()), ids=lambda each: getattr(each, "name", each)
)
def test_a_stored_payload_is_still_read(module: str, kind: type[Event]) -> None:
    """One file for each event: `tests/modules/<module>/events/<name>.json`."""
    stored = payload_file(module, kind)
    assert stored.exists(), f"store an example in {stored}: run `python -m tests.pins`"
    assert decode(kind, stored.read_text()).name == kind.name
