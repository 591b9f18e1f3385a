"""The catalogues: titles, details and messages in languages other than English.

The English text stands in the code. The folder of a module has one file for each other language,
such as `messages.ko.json`; a text that the file lacks stays English.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import DecodeError, Struct
from msgspec.json import decode

from core.kernel.contributions import WiringError
from core.kernel.errors import FieldError, InvalidInput, ProblemError, listed
from core.kernel.messages import Parameters, fill
from core.web.context import HttpContext
from core.web.languages import ENGLISH, chosen_language

FILES, FILE_NAME = "messages.*.json", re.compile(r"messages\.([a-z]{2,8})\.json")
AnyProblem = ProblemError | type[ProblemError]


class ProblemTexts(Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one error code: its title, and the paragraphs of its page."""

    title: str
    meaning: str = ""
    advice: str = ""


class Translations(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a file."""

    problems: dict[str, ProblemTexts] = {}
    texts: dict[str, str] = {}
    """The key is the English text, or a code such as `users:email` if a library writes the text."""


class Catalogue:
    """The texts of one language, from the files of all modules."""

    def __init__(self, language: str, files: Iterable[Path] = ()) -> None:
        self.language = language
        self._problems: dict[str, ProblemTexts] = {}
        self._texts: dict[str, str] = {}
        for file in files:
            read = translations_in(file)
            self._problems |= read.problems
            self._texts |= read.texts

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header fields of a response whose texts are in this language."""
        vary = "Accept-Encoding, Origin, Accept-Language"
        return {"content-language": self.language, "vary": vary}

    def text(self, english: str) -> str:
        return self._texts.get(english, english)

    def title(self, problem: AnyProblem) -> str:
        texts = self._problems.get(problem.code)
        return texts.title if texts else problem.title

    def page_of(self, problem: AnyProblem) -> ProblemTexts | None:
        """Return the texts for the page of a problem, None if they stay English."""
        return self._problems.get(problem.code)

    def detail(self, error: ProblemError) -> str:
        if isinstance(error, InvalidInput):
            return listed((it.location, it.message) for it in self.errors(error))
        return self._filled(error, error.template, error.parameters)

    def errors(self, error: ProblemError) -> list[FieldError]:
        """Return the field errors as they are sent, each with its message in this language."""
        return [self._field_error(error, it) for it in error.errors]

    def _field_error(self, error: ProblemError, it: FieldError) -> FieldError:
        owner, _, code = it.code.rpartition(":")
        message = self._filled(error, it.message, it.parameters, it.code if owner else "")
        return replace(it, message=message, code=code)

    def _filled(
        self, error: ProblemError, english: str, parameters: Parameters, code: str = ""
    ) -> str:
        if english == error.title:
            return self.title(error)
        template = self._texts.get(english) or self._texts.get(code)
        return fill(template or self._template_of(english, parameters), parameters)

    def _template_of(self, filled: str, parameters: Parameters) -> str:
        """Return the template of a text that pydantic has filled already, or the text itself."""
        matching = (it for it in self._texts if parameters and fill(it, parameters) == filled)
        return self._texts.get(next(matching, ""), filled)


class Catalogues:
    """The catalogue of each language: English, and those for which a folder has a file."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        files: dict[str, list[Path]] = defaultdict(list)
        for file in (file for folder in folders for file in sorted(folder.glob(FILES))):
            files[language_of(file)].append(file)
        self._catalogues = {
            ENGLISH: Catalogue(ENGLISH),
            **{language: Catalogue(language, paths) for language, paths in files.items()},
        }

    def for_reader(self, context: HttpContext) -> Catalogue:
        """Return the catalogue for the principal of a request, or for its `Accept-Language`."""
        locale = context.principal.locale if context.principal else None
        fields = context.scope.get("headers", ())
        accepted = b",".join(value for name, value in fields if name == b"accept-language")
        language = chosen_language(self._catalogues, locale, accepted.decode("latin-1"))
        return self._catalogues[language]


def language_of(file: Path) -> str:
    """Return the language in a file name. Raises WiringError for a tag with a region."""
    if match := FILE_NAME.fullmatch(file.name):
        return match[1]
    raise WiringError(
        f"{file} does not name a language without a region: rename it, as in messages.ko.json."
    )


def translations_in(file: Path) -> Translations:
    """Read a file. Raises WiringError if it is malformed."""
    try:
        return decode(file.read_bytes(), type=Translations)
    except DecodeError as error:  # also one of another shape
        raise WiringError(f"{file} is not a catalogue of messages: {error}.") from error
