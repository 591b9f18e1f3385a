"""The check of names finds a name with two meanings, and the name of a test without a subject."""

from pathlib import Path

import pytest

from tests.names import doubled, headless


def found_in(folder: Path, **sources: str) -> list[str]:
    """Write each source into the file that its key names, and return the names that are found."""
    for key, source in sources.items():
        file = folder / "modules" / PATHS[key]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return [str(it) for it in doubled(folder)]


PATHS = {
    "service": "notes/service.py",
    "queries": "notes/queries.py",
    "entrance": "notes/__init__.py",
    "elsewhere": "posts/service.py",
}


@pytest.mark.parametrize(
    "source", ["def count(): ...", "async def count(): ...", "class count: ...", "count = 1"]
)
def test_a_name_in_two_files_of_a_package_is_found(tmp_path: Path, source: str) -> None:
    found = found_in(tmp_path, service=source, queries="count = 2")
    assert found == [
        "modules.notes: count is defined in modules/notes/queries.py and "
        "modules/notes/service.py: rename one."
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LIMIT = 5", "LIMIT = 5"),
        ("LIMIT: int = 5", "LIMIT = 5"),
        ("T = TypeVar('T')", "T = TypeVar('T', bound=int)"),
        ("def _count(): ...", "def _count(): ..."),
        ("def count(): ...", "def run():\n    count = 1"),
    ],
)
def test_one_meaning_and_private_names_pass(tmp_path: Path, one: str, other: str) -> None:
    assert found_in(tmp_path, service=one, queries=other) == []


def test_packages_and_entrances_may_share_a_name(tmp_path: Path) -> None:
    source = "def count(): ..."
    assert found_in(tmp_path, service=source, elsewhere=source) == []
    assert found_in(tmp_path, entrance="count = 1") == []


def test_a_test_without_a_subject_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    names = ("is_refused", "of_two_one_wins", "isolation_holds", "a_logout_ends_it")
    source = "\n".join(f"def test_{name}(): ..." for name in names)
    (tmp_path / "tests" / "test_notes.py").write_text(source)
    end = "does not begin with its subject: rename it."
    assert [*headless(tmp_path)] == [
        f"tests/test_notes.py: test_is_refused {end}",
        f"tests/test_notes.py: test_of_two_one_wins {end}",
    ]
