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

`python -m tests.docs.settings_page` writes this page from the settings classes, and a test fails
when the page is out of date. A setting is read from the environment, else from the file `.env` in
the folder in which the service is started, else it has its default. An empty value counts as
absent.

A wrong setting stops the start, with one sentence that names the setting. Wrong is an invalid
value, a value that is unsafe in production, and an unknown name in `.env` or with the prefix of a
module.
`atrium settings` prints every setting with its value and its source, and hides secrets.
[Operating](operating.md) names the settings to set first.
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
