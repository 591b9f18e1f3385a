"""The check of words finds misleading words, and nothing in plain sentences."""

from pathlib import Path

import pytest

from tests import wording
from tests.wording import CHECKED, findings

PLAIN = '''"""Client IPs of requests."""

LIMIT = 5
"""The number of `whoever` in a page; an e-mail address and the IP address are none."""


def count(name: str) -> int:
    """Return how many there are."""  # and nothing else
    return len("whatever is in a string of the program")
'''


def said(source: str) -> list[str]:
    return [finding.words for finding in findings(source, "some.py")]


def test_plain_sentences_pass() -> None:
    assert said(PLAIN) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('"""It is for whoever asks."""', ["whoever"]),
        ('"""Return the answer to a person."""', ["answer", "person"]),
        ("number = 1  # of the address, lest it is lost", ["address", "lest"]),
        ('def f():\n    """What is there."""', ["a docstring that begins with What"]),
        (
            'NAME = 1\n"""Of all,\nnobody is told."""',
            ["nobody", "told", "a docstring that begins with Of"],
        ),
    ],
)
def test_words_that_mislead_are_found(source: str, words: list[str]) -> None:
    assert said(source) == words


def test_each_is_named_with_its_file_and_line() -> None:
    [finding] = findings('NAME = 1\n"""Whatever."""', "some.py")
    assert finding == ("some.py:2", "Whatever")


@pytest.mark.parametrize("folder", CHECKED)
def test_a_file_of_each_folder_is_read(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    file = tmp_path / folder / "some" / "file.py"
    file.parent.mkdir(parents=True)
    file.write_text(PLAIN)
    wording.main()
    file.write_text('"""Of the past."""')
    with pytest.raises(SystemExit, match="1 to say in plain words"):
        wording.main()
    expected = f"{folder}/some/file.py:1: a docstring that begins with Of\n"
    assert capsys.readouterr().out == expected


def test_the_docstrings_of_tests_are_checked() -> None:
    assert "tests" in CHECKED
