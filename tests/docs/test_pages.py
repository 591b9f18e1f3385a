"""The pages beside their code: each link has its target, and tables agree with the program."""

import re
from inspect import Parameter, signature
from pathlib import Path

import pytest

from core import kit
from core.kit import delete, get, patch, post, put
from core.wiring.container import CoreContainer
from core.wiring.services import offers_of
from tests.docs import kit_page
from tests.docs.languages import LINK
from tests.docs.pages import PAGES, ROOT, SAMPLES, TREE_LINE, blocks_of
from tests.docs.settings_page import PAGE, every_class, render

VERBS = (get, post, put, patch, delete)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))


@pytest.mark.parametrize("page", [*PAGES, *DECISIONS], ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_settings_are_all_on_their_page() -> None:
    """If this test fails, run `python -m tests.docs.settings_page`."""
    assert PAGE.read_text() == render(every_class())


def test_the_page_of_the_kit_has_its_docstrings() -> None:
    """If this test fails, run `python -m tests.docs.kit_page`."""
    assert kit_page.PAGE.read_text() == kit_page.render()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_the_map_shows_what_is_there(name: str) -> None:
    mapped = [each for each in blocks_of(ROOT / name) if "├─" in each.text]
    may_be_gone = {f"modules/{sample}" for sample in SAMPLES}
    for block in mapped:
        missing = {path for path in paths_in(block.text) if not (ROOT / path).exists()}
        assert missing <= may_be_gone
    assert mapped


def paths_in(tree: str) -> list[str]:
    above: list[str] = []
    found = []
    for indent, name in TREE_LINE.findall(tree):
        above = [*above[: len(indent) // 3], name.rstrip("/")]
        found.append("/".join(above))
    return found


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(each.name[:4]) for each in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_guide_names_each_keyword_of_a_route_and_each_argument_of_a_handler() -> None:
    page = (ROOT / "docs" / "modules.md").read_text()
    routes = page.partition("\n## Routes\n")[2].partition("\n## ")[0]
    arguments = {"principal", "visitor", "page_request", "if_match"}
    for name in keywords_of_routes() | arguments:
        assert re.search(rf"`{name}[`=:]", routes), name


def keywords_of_routes() -> set[str]:
    parameters = [it for verb in VERBS for it in signature(verb).parameters.values()]
    return {it.name for it in parameters if it.kind is Parameter.KEYWORD_ONLY}


def test_the_guide_names_types_that_core_offers() -> None:
    page = (ROOT / "docs" / "modules.md").read_text()
    listed = page.partition("Core offers: ")[2].partition(". ")[0]
    names = re.findall(r"`(\w+)`", listed)
    offered = offers_of(CoreContainer()).keys()
    assert names and all(getattr(kit, name, None) in offered for name in names)
