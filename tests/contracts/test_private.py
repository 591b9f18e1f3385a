"""No test touches a private attribute without a reason that tests/private.py names."""

from pathlib import Path

import pytest

from tests.private import FOLDER, REASONS, findings, main

BROKEN = """
relay._background.stop()
monkeypatch.setattr(audit, "_clock", now)
patch.setattr("core.kernel.ids._last_ms", 0)
"""
RIGHT = """
self._db, cls._db
row._mapping, row._asdict()
monkeypatch.setattr(audit, "clear", now)
names.get("_x")
"""


def test_the_tree_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    assert capsys.readouterr().out == ""


def test_each_way_to_touch_one_is_found() -> None:
    assert {name for _, name in findings(BROKEN)} == {"_background", "_clock", "_last_ms"}
    assert [*findings(RIGHT)] == []


@pytest.mark.parametrize("name", REASONS)
def test_each_exception_is_needed(name: str) -> None:
    path = FOLDER / name
    files = [path] if path.is_file() else [*path.rglob("*.py")]
    assert any([*findings(Path(file).read_text())] for file in files)
