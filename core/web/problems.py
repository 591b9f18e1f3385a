"""Problems (RFC 9457): the responses to errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from litestar.exceptions import HTTPException, ValidationException
from pydantic import ConfigDict, Field

from core.kernel.errors import FieldError, InvalidInput, ProblemError
from core.kernel.json_types import JsonObject
from core.kernel.schemas import Schema
from core.security.authentication import Named, kind_with_code
from core.web.catalogues import AnyProblem, Catalogues
from core.web.context import http_context
from core.web.http_errors import BY_STATUS, InternalError, Unreadable
from core.web.requests import AnyRequest
from core.web.responses import PROBLEM, FinishedResponse, encoded
from core.web.validation_messages import parameter_message

log = structlog.get_logger(__name__)


class Problem(Schema):
    """Programs use `code`, users read `title` and `detail`, and support needs `request_id`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["http://localhost:8000/docs/problems/http.not_found"])
    title: str = Field(
        description="The title is the same for every problem of this code, in each language."
    )
    status: int
    detail: str
    instance: str = Field(examples=["/requests/0190f5c7a1b24c3d8e9f0a1b2c3d4e5f"])
    code: str = Field(
        description="The error code, which never changes.", examples=["http.not_found"]
    )
    request_id: str
    errors: Sequence[FieldError] | None = Field(
        default=None, exclude_if=lambda errors: errors is None
    )

    @classmethod
    def about(
        cls, error: AnyProblem, public_url: str, request_id: str, /, **members: Any
    ) -> "Problem":
        """Return the problem; its `type` is a page under `/docs/problems/`."""
        return cls(
            type=f"{public_url}/docs/problems/{error.code}",
            status=error.status,
            instance=f"/requests/{request_id}",
            code=error.code,
            request_id=request_id,
            **members,  # one of them may be called error
        )


class Problems:
    """Turns every exception into a problem."""

    def __init__(
        self, public_url: str, catalogues: Catalogues, subclasses: Named | None = None
    ) -> None:
        """Take the subclass that has the code and the title of each error without a code."""
        self._public_url, self._catalogues = public_url, catalogues
        self._subclasses = subclasses or {}

    def response(self, error: Exception) -> FinishedResponse:
        """Return the problem in the language of the reader."""
        context, problem = http_context(), self._named(as_problem(error))
        context.code, texts = problem.code, self._catalogues.for_reader(context)
        body = Problem.about(
            problem,
            self._public_url,
            context.request_id,
            title=texts.title(problem),
            detail=texts.detail(problem),
            errors=texts.errors(problem) or None,
            **problem.members,
        )
        headers = encoded({**problem.headers, **texts.headers})
        return FinishedResponse.of(body, problem.status, PROBLEM, *headers)

    def _named(self, error: ProblemError) -> ProblemError:
        if not hasattr(error, "code"):
            give_code(error, with_code(type(error), self._subclasses))
        return error

    def handle(self, _: AnyRequest, error: Exception) -> Any:  # Any: no Response
        """Return the same response, for an exception that Litestar has caught."""
        return self.response(error)


def with_code(kind: type[ProblemError], named: Named) -> type[ProblemError]:
    """Return the class that gives an error its code; without another one, that of its status."""
    found = kind_with_code(kind, named)
    if hasattr(found, "code"):
        return found
    status = getattr(found, "status", 500)
    return BY_STATUS.get(status, Unreadable if status < 500 else InternalError)


def as_problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError) and hasattr(error, "status"):
        return error
    if isinstance(error, ValidationException):
        return InvalidInput(
            [parameter_error(details) for details in error.extra or () if isinstance(details, dict)]
        )
    if isinstance(error, HTTPException) and error.status_code < 500:
        kind = BY_STATUS.get(error.status_code) if error.status_code != 400 else None
        named = (kind or Unreadable)()
        named.headers |= {name.lower(): value for name, value in (error.headers or {}).items()}
        return named
    log.error("unforeseen_error", exc_info=error)
    return InternalError()


def give_code(error: ProblemError, kind: type[ProblemError]) -> None:
    """Give an error the code and the title of `kind`; its headers, members and errors remain."""
    vars(error).update(code=kind.code, title=kind.title)
    error.template = error.template or kind.usual_detail or kind.title
    if error.errors and not error.errors[0].code:
        error.at(error.errors[0].location)


def parameter_error(details: Mapping[str, object]) -> FieldError:
    if details.get("key") in (None, "data"):
        return FieldError("body", "A JSON body is required.", "missing")
    place = getattr(details.get("source"), "value", "path")
    return FieldError(
        f"{place}.{details['key']}", parameter_message(str(details["message"])), "invalid"
    )


def kinds() -> dict[str, type[ProblemError]]:
    """Return every problem class by its code, sorted by code."""
    classes: dict[str, type[ProblemError]] = {}
    for kind in errors_with_code(ProblemError):
        classes.setdefault(kind.code, kind)
    return dict(sorted(classes.items()))


def errors_with_code(kind: type[ProblemError]) -> Iterator[type[ProblemError]]:
    """Yield every subclass that has a code."""
    for subclass in kind.__subclasses__():
        if hasattr(subclass, "code"):
            yield subclass
        yield from errors_with_code(subclass)


def example_of_problem(kind: type[ProblemError], public_url: str, title: str) -> JsonObject:
    request_id = "0190f5c7a1b24c3d8e9f0a1b2c3d4e5f"
    return Problem.about(kind, public_url, request_id, title=title, detail=title).model_dump()
