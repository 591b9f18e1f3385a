"""The page of the kit: each name has a docstring and, except errors, an example that works."""

import sys
from pathlib import Path

import pytest

from core import kit
from tests.docs.kit_source import KIT, definitions
from tests.docs.tutorials import in_tree

NAMED = [it for it in definitions(KIT) if it.name in kit.__all__]


def is_error(name: str) -> bool:
    """Return whether clients read the docstring, as a page or in the OpenAPI document."""
    value = getattr(kit, name)
    return isinstance(value, type) and issubclass(value, kit.ProblemError | kit.FieldError)


def test_each_name_has_a_docstring() -> None:
    assert [it.name for it in NAMED if not it.doc] == []


def test_each_name_has_an_example() -> None:
    others = [it for it in NAMED if not is_error(it.name)]
    assert [it.name for it in others if "```python" not in it.doc] == []


def test_each_kind_of_error_names_its_status() -> None:
    errors = [(it, vars(getattr(kit, it.name))) for it in NAMED if is_error(it.name)]
    kinds = [it for it, values in errors if "status" in values]
    assert kinds
    assert [it.name for it in kinds if f"status {getattr(kit, it.name).status}" not in it.doc] == []


@pytest.mark.process
def test_the_examples_work(tree: Path) -> None:
    ended = in_tree([sys.executable, "-W", "error", "-m", "tests.docs.kit_examples"], tree)
    assert ended.returncode == 0, ended.stdout + ended.stderr
