"""The kinds of errors. A module subclasses one of them and gives it a stable error code."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self

from pydantic import Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from core.kernel.messages import Parameters, ParameterValue, as_parameters, fill

LIMIT: JsonDict = {"type": ["number", "string"]}
"""The schema of a limit: that of a date or a time is text."""
NAMED_PARAMETERS: JsonDict = {
    "min": LIMIT,
    "max": LIMIT,
    "allowed": {"type": "array", "items": {"type": "string"}},
}
"""The schemas of the parameters that many rules have; a rule may have others."""


def name_parameters(schema: JsonDict) -> None:
    """Describe an open object with the named parameters, as generators of clients read it best."""
    del schema["additionalProperties"]
    schema["properties"] = NAMED_PARAMETERS


RuleParameters = Annotated[
    Parameters,
    Field(
        exclude_if=lambda parameters: not parameters,
        description="The values of the violated rule, for a message of your own.",
        json_schema_extra=name_parameters,
    ),
]


@dataclass(frozen=True)
class FieldError:
    """An invalid value in the input, at a location such as `body.amount_cents`."""

    location: str
    """A path that begins with `body`, `query`, `path` or `header`."""
    message: str
    """A sentence for users, in English; it may have placeholders."""
    code: str
    """A name for programs, which stays the same in later releases.

    If a library writes the message, the module stands before the code: catalogues have one text by
    `users:email`, and the response has `email`.
    """
    parameters: RuleParameters = field(default_factory=dict)
    """The values of the placeholders, as in "At most {max} files."."""

    @property
    def text(self) -> str:
        """Return the message in English."""
        return fill(self.message, self.parameters)

    @classmethod
    def of(cls, location: str, error: PydanticCustomError, code: str = "") -> Self:
        """Return the error of a type that was called directly, such as `Line(2, 50)`."""
        parameters = as_parameters(error.context or {})
        return cls(location, error.message_template, code or error.type, parameters)


class ProblemError(Exception):
    """The base class of all errors, which are sent as problem details (RFC 9457).

    Subclass one of the classes below, which have a status. `/docs/problems` shows the docstring of
    the subclass: its meaning and, in a second paragraph, the advice. An error without a code has
    that of its status, such as `http.conflict`, and clients cannot tell it from others.

    ```python
    class TitleTaken(Conflict):
        code = "notes.title_taken"
        title = "You have a note of this title already."

    error = TitleTaken("Choose another title.").at("body.title")
    assert (error.status, error.errors[0].location) == (409, "body.title")

    several = InvalidInput([FieldError("body.room", "There is no such room.", "unknown_room")])
    assert several.status == 400
    ```
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    place: ClassVar[str] = ""
    """The location of the invalid value, if it is always the same, e.g. `header.If-Match`."""
    speaks_for: ClassVar[str] = ""
    """The module whose name begins the code, if that is not the module of the class."""
    usual_detail: ClassVar[str] = ""
    """The detail if none is given; without one, the detail is the title."""

    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        """Take a template: `QuotaExceeded("There are {left} bytes left.", left=9)`."""
        title = getattr(self, "title", "")  # an error without a code has none
        self.template, self.parameters = detail or self.usual_detail or title, parameters
        super().__init__(self.detail)
        self.headers: dict[str, str] = {}
        self.members: Mapping[str, object] = {}
        """Members of the problem beyond those of RFC 9457."""
        self.errors: Sequence[FieldError] = ()
        if self.place:
            self.at(self.place)

    @property
    def detail(self) -> str:
        """Return the detail in English."""
        return fill(self.template, self.parameters)

    def at(self, location: str) -> Self:
        """Set the location: `raise NameTaken().at("body.name")`."""
        code = getattr(self, "code", "").rpartition(".")[2]
        self.errors = [FieldError(location[:200], self.template, code, self.parameters)]
        return self


class BadRequest(ProblemError):
    """An error of status 400 (RFC 9110, section 15.5.1): the request is not valid."""

    status = 400


class Unauthenticated(ProblemError):
    """An error of status 401 (15.5.2), with the challenge in `WWW-Authenticate`."""

    status = 401
    challenge: ClassVar[str] = 'Bearer realm="atrium"'

    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.headers["www-authenticate"] = self.challenge


class Forbidden(ProblemError):
    """An error of status 403 (15.5.4): the user may see the resource, but may not do this."""

    status = 403


class NotFound(ProblemError):
    """An error of status 404 (15.5.5): there is no such resource that the user may see."""

    status = 404


class Conflict(ProblemError):
    """An error of status 409 (15.5.10): the request conflicts with the state of the resource."""

    status = 409


class PreconditionFailed(ProblemError):
    status = 412


class TooLarge(ProblemError):
    """The response closes the connection, because the rest of the body is not read."""

    status = 413

    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.headers["connection"] = "close"


class UnsupportedMediaType(ProblemError):
    status = 415


class Unprocessable(ProblemError):
    status = 422


class Delayed(ProblemError):
    """An error that says when to try again (`Retry-After`, RFC 9110, section 10.2.3)."""

    def __init__(
        self, detail: str = "", retry_after_s: int = 1, **parameters: ParameterValue
    ) -> None:
        super().__init__(detail, **parameters)
        self.headers["retry-after"] = str(retry_after_s)


class TooManyRequests(Delayed):
    status = 429

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(
            "Try again in {seconds} second."
            if retry_after_s == 1
            else "Try again in {seconds} seconds.",
            retry_after_s,
            seconds=retry_after_s,
        )


class Unavailable(Delayed):
    """An error of status 503 (15.6.4), with the seconds after which to try again."""

    status = 503


@contextmanager
def error_at(location: str) -> Iterator[None]:
    """Set the location of a BadRequest or TooLarge that the block raises."""
    try:
        yield
    except (BadRequest, TooLarge) as error:
        error.at(location)
        raise


MAX_ERRORS = 20
"""The number of field errors that a response lists at most."""


class InvalidInput(BadRequest):
    """The request can be read, but this operation does not accept some of its values.

    Correct the value at each location in `errors`, which has the first 20 of them.
    """

    code = "http.invalid"
    title = "The request has invalid fields."

    def __init__(self, errors: Sequence[FieldError]) -> None:
        first = errors[:MAX_ERRORS]
        super().__init__(listed((error.location, error.text) for error in first))
        self.errors = first


def listed(errors: Iterable[tuple[str, str]]) -> str:
    """Return one line with the location and the message of each error."""
    return "; ".join(f"{location}: {message}" for location, message in errors)[:1000]


class Stale(PreconditionFailed):
    """`If-Match` does not have the current ETag of the resource, or `If-None-Match` has it.

    Read the resource again, apply your change, and send the new `ETag`. Only `*` matches a resource
    without an ETag.
    """

    code = "http.stale"
    title = "The resource has changed since you read it."
    usual_detail = "Read the resource again, apply your change, and send the new ETag."
