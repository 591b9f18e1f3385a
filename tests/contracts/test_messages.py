"""Each text of a problem is in Korean too, in the catalogue of the package that writes it."""

from itertools import combinations
from pathlib import Path

import pytest

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app  # imports every part of the core
from core.kernel.contributions import WiringError
from core.kernel.messages import PLACEHOLDER
from core.security.authentication import NotSignedIn
from core.web.catalogues import Catalogue, Catalogues, ProblemTexts
from core.web.docs.advice import paragraphs
from core.wiring.registry import discover, package_of
from tests.contracts.refused.garbled import plugin as garbled
from tests.messages import Texts, formatted

CORE = Texts("core")
SHIPPED = ("auth", "files", "health", "posts", "users")
"""The modules that have a catalogue; a module of a team may leave its texts in English."""
MODULES = {name: Texts(package_of(plugin)) for name, plugin in discover().items()}
PACKAGES = [CORE, *(it for it in MODULES.values() if it.file.exists())]
each_package = pytest.mark.parametrize("texts", PACKAGES, ids=lambda texts: texts.package)


def test_the_modules_of_the_project_have_a_catalogue() -> None:
    assert [name for name in SHIPPED if name in MODULES and not MODULES[name].file.exists()] == []


@each_package
def test_each_problem_is_translated_with_its_page(texts: Texts) -> None:
    lacking = [
        f"{kind.code}: {member}"
        for kind in texts.kinds
        for member, english in zip(
            ("title", "meaning", "advice"), (kind.title, *paragraphs(kind)), strict=True
        )
        if bool(english) != bool(translated(texts, kind.code, member))
    ]
    assert lacking == []


def translated(texts: Texts, code: str, member: str) -> str:
    text: str = getattr(texts.catalogue.problems.get(code, ProblemTexts("")), member)
    return text


@each_package
def test_each_message_is_translated(texts: Texts) -> None:
    titles = {kind.title for kind in texts.kinds}
    known = texts.catalogue.texts.keys() | CORE.catalogue.texts.keys() | titles
    assert sorted(texts.messages - known) == []


@each_package
def test_no_translation_is_left_of_a_text_that_is_gone(texts: Texts) -> None:
    codes = {kind.code for kind in texts.kinds}
    assert sorted(texts.catalogue.problems.keys() - codes) == []
    assert sorted(texts.catalogue.texts.keys() - texts.constants) == []


@each_package
def test_a_translation_has_the_placeholders_of_its_text(texts: Texts) -> None:
    different = [
        english
        for english, text in texts.catalogue.texts.items()
        if {*PLACEHOLDER.findall(english)} != {*PLACEHOLDER.findall(text)}
    ]
    assert different == []


@each_package
def test_no_message_is_formatted_before_its_translation(texts: Texts) -> None:
    assert [place for file in texts.files() for place in formatted(file)] == []


def test_no_two_catalogues_translate_the_same_text() -> None:
    for one, other in combinations(PACKAGES, 2):
        assert not one.catalogue.texts.keys() & other.catalogue.texts.keys()
        assert not one.catalogue.problems.keys() & other.catalogue.problems.keys()


def test_a_malformed_catalogue_keeps_the_application_down(
    tmp_path: Path, log_lines: LogWriter
) -> None:
    settings = Settings(environment="test", data_dir=tmp_path)
    with pytest.raises(WiringError, match=r"messages\.ko\.json is no catalogue .* `titles`"):
        create_app(settings, {"odd": garbled.Plugin}, log_lines)


@pytest.mark.parametrize("tag", ["pt-BR", "pt.BR", "ko_KR", "KO", ""])
def test_a_catalogue_that_no_request_can_choose_keeps_it_down(tmp_path: Path, tag: str) -> None:
    (tmp_path / f"messages.{tag}.json").write_text("{}")
    with pytest.raises(WiringError, match=r"json names no language without a region: call it"):
        Catalogues([tmp_path])


def test_a_text_without_a_translation_stays_english(tmp_path: Path) -> None:
    (tmp_path / "messages.ko.json").write_text('{"texts": {"One.": "하나."}}')
    korean = Catalogue("ko", [tmp_path / "messages.ko.json"])
    assert [korean.text("One."), korean.text("Two.")] == ["하나.", "Two."]
    assert korean.title(NotSignedIn) == NotSignedIn.title
