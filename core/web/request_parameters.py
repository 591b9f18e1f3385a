"""The check of the path and the query of a request before its handler is called."""

from typing import Any
from urllib.parse import parse_qsl

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.text import Line
from core.web.parameters import check_flags
from core.web.route_options import RouteOptions


def check_parameters(scope: Any, options: RouteOptions) -> None:
    """Refuse hidden characters in the path, and query parameters that the route does not have."""
    if scope["path_params"]:
        refuse_hidden_characters(scope["path_params"])
    if scope["query_string"] and options.query is not None:
        refuse_unknown(scope["query_string"], options.query)
    if options.flags:
        check_flags(scope["query_string"], options.flags)


def refuse_hidden_characters(path_params: dict[str, object]) -> None:
    for name, value in path_params.items():
        if type(value) is str and Line.refused.search(value):
            message = "Control characters are not allowed."
            raise InvalidInput([FieldError(f"path.{name}", message, "control_character")])


def refuse_unknown(query_string: bytes, known: frozenset[str]) -> None:
    """Raise InvalidInput for an unknown query parameter, or a repeated one, except `sort`."""
    given = [name for name, _ in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)]
    errors = [
        FieldError(f"query.{name[:50]}", "There is no such parameter.", "unknown")
        for name in given
        if name not in known
    ] or [
        FieldError(f"query.{name}", "Send this parameter once.", "repeated")
        for name in dict.fromkeys(given)
        if given.count(name) > 1 and name != "sort"
    ]
    if errors:
        raise InvalidInput(errors[:20])
