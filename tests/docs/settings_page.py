"""Writes docs/settings.md from the settings classes: `python -m tests.docs.settings_page`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from inspect import getmodule
from itertools import chain, groupby

from config.settings import ModuleSettings, Settings, default_of
from core.wiring.registry import load_modules
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "settings.md"
INTRODUCTION = """# Settings

This page is made from the settings classes by `python -m tests.docs.settings_page`; a test fails
when it is out of date. A setting comes from the environment, else from a file `.env` in the folder
the service is started in, else it has its default. An empty value counts as none.

What is wrong stops the start, in one sentence that names the setting: a value that does not fit,
one that is unsafe in production, and a name that no class has, where it stands in `.env` or begins
with a module's name. `atrium settings` prints every setting with its value and where it comes from;
secrets are hidden. [Operating](operating.md) says which ones matter first.
"""


@dataclass(frozen=True)
class SettingRow:
    name: str
    default: str
    meaning: str


def settings_table(classes: Iterable[type[ModuleSettings]]) -> list[SettingRow]:
    return [
        SettingRow(name, default_of(field := settings.model_fields[key]), field.description or "")
        for settings in classes
        for key, name in settings.names().items()
    ]


def render(classes: Sequence[type[ModuleSettings]]) -> str:
    sections = groupby(classes, heading)
    return INTRODUCTION + "".join(line for each in sections for line in section_of(*each))


def section_of(title: str, classes: Iterable[type[ModuleSettings]]) -> Iterator[str]:
    yield f"\n## {title}\n\n| setting | default | meaning |\n|---|---|---|\n"
    for row in settings_table(classes):
        yield f"| `{row.name}` | {row.default} | {row.meaning} |\n".replace("*", r"\*")


def heading(settings: type[ModuleSettings]) -> str:
    if settings is Settings:
        return "The platform"
    module = getmodule(settings)
    return f"Module {module.__name__.split('.')[-2]}" if module else settings.__name__


def every_class() -> list[type[ModuleSettings]]:
    return [Settings, *chain(*load_modules().settings.values())]


if __name__ == "__main__":
    PAGE.write_text(render(every_class()))
