"""Each text of a problem is in Korean too, in the catalogue of the package that writes it."""

from pathlib import Path

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.contributions import WiringError
from core.security.authentication import NotSignedIn
from core.web.catalogues import Catalogue, Catalogues
from core.wiring.registry import discover, package_of
from tests.contracts.refused.garbled import plugin as garbled
from tests.messages import Texts, findings, packages, translated_twice

SHIPPED = ("auth", "files", "health", "posts", "users")
"""The modules that have a catalogue; a module of a team may leave its texts in English."""
PACKAGES = packages()
CORE = PACKAGES[0]
each_package = pytest.mark.parametrize("texts", PACKAGES, ids=lambda texts: texts.package)


def test_the_modules_of_the_project_have_a_catalogue() -> None:
    shipped = [Texts(package_of(it)) for name, it in discover().items() if name in SHIPPED]
    assert [it.package for it in shipped if not it.file.exists()] == []


@each_package
def test_each_problem_is_translated_with_its_page(texts: Texts) -> None:
    assert texts.untranslated_problems() == []


@each_package
def test_each_message_is_translated(texts: Texts) -> None:
    assert texts.untranslated_messages(CORE.catalogue) == []


@each_package
def test_no_translation_is_left_of_a_text_that_is_gone(texts: Texts) -> None:
    assert texts.left_over() == []


@each_package
def test_a_translation_has_the_placeholders_of_its_text(texts: Texts) -> None:
    assert texts.other_placeholders() == []


@each_package
def test_no_message_is_formatted_before_its_translation(texts: Texts) -> None:
    assert texts.formatted() == []


def test_no_two_catalogues_translate_the_same_text() -> None:
    assert translated_twice(PACKAGES) == []


def test_each_fault_of_a_catalogue_is_a_sentence() -> None:
    """`make check` prints these sentences; the catalogue of this package has every fault."""
    faulty = Texts("tests.contracts.refused.untranslated")
    folder = faulty.file
    assert [*findings([CORE, faulty])] == [
        f"{folder} lacks a text of the problem 'untranslated.empty: advice'.",
        f"{folder} lacks the message 'At most {{count}} plates.'.",
        f"{folder} has a text that the code does not have: 'untranslated.gone'.",
        f"{folder} has a text that the code does not have: 'This text is gone.'.",
        f"{folder} has other placeholders in 'A plate has {{size}} cm.'.",
        "tests.contracts.refused.untranslated.errors, line 26 has a message that is an f-string.",
        "Two catalogues have 'This is required.'.",
    ]


def test_a_malformed_catalogue_keeps_the_application_down(
    tmp_path: Path, log_lines: LogWriter
) -> None:
    settings = Settings(environment="test", data_dir=tmp_path)
    with pytest.raises(WiringError, match=r"messages\.ko\.json is not a catalogue .* `titles`"):
        create_app(settings, {"odd": garbled.Plugin}, log_lines)


@pytest.mark.parametrize("tag", ["pt-BR", "pt.BR", "ko_KR", "KO", ""])
def test_a_catalogue_that_no_request_can_choose_keeps_it_down(tmp_path: Path, tag: str) -> None:
    (tmp_path / f"messages.{tag}.json").write_text("{}")
    with pytest.raises(WiringError, match=r"json does not name a language without a region"):
        Catalogues([tmp_path])


def test_a_text_without_a_translation_stays_english(tmp_path: Path) -> None:
    (tmp_path / "messages.ko.json").write_text('{"texts": {"One.": "하나."}}')
    korean = Catalogue("ko", [tmp_path / "messages.ko.json"])
    assert [korean.text("One."), korean.text("Two.")] == ["하나.", "Two."]
    assert korean.title(NotSignedIn) == NotSignedIn.title
