"""A name that is stored, or that operators and clients use, does not go by accident."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from litestar import Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import build_app
from core.events.payloads import decode
from core.kernel.events import Event
from core.wiring.registry import discover
from tests.pins import file_of, names_of, store_example

CURE = "Keep it, or migrate what is stored and run `python -m tests.pins`."


@pytest.fixture(scope="module")
def names(
    tmp_path_factory: pytest.TempPathFactory, log_lines: LogWriter
) -> dict[str, Collection[str]]:
    settings = Settings(environment="test", data_dir=tmp_path_factory.mktemp("names"))
    app: Litestar = build_app(settings, None, log_lines)
    return {**names_of(app)}


def missing(owner: str, pinned: Collection[str], present: Collection[str]) -> list[str]:
    """Return a sentence for each pinned name that has gone."""
    return [f"{owner} has lost the {each}. {CURE}" for each in pinned if each not in present]


@pytest.mark.parametrize("owner", ["core", *discover()])
def test_the_pinned_names_are_there(names: dict[str, Collection[str]], owner: str) -> None:
    """A name may move to another module, and is then pinned there."""
    file = file_of(owner)
    pinned = file.read_text().splitlines() if file.exists() else names[owner]
    assert missing(owner, pinned, {name for own in names.values() for name in own}) == []
    assert [*pinned] == [*names[owner]], "pin new names: run `python -m tests.pins`"


def test_a_renamed_listener_is_one_sentence() -> None:
    pinned, present = ["listener notes.greet"], ["listener notes.welcome"]
    assert missing("notes", pinned, present) == [f"notes has lost the listener notes.greet. {CURE}"]


@dataclass(frozen=True, kw_only=True)
class NoteShared(Event):
    name = "notes.shared"

    note_id: UUID
    with_users: tuple[str, ...] = ()


def test_the_example_of_a_new_event_is_stored_once(tmp_path: Path) -> None:
    file = tmp_path / "events" / "notes.shared.json"
    store_example(NoteShared, file)
    stored = file.read_text()
    assert isinstance(decode(NoteShared, stored).note_id, UUID)
    store_example(NoteShared, file)
    assert file.read_text() == stored
