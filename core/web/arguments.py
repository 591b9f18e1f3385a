"""The arguments of handlers: a plain annotation says from which part of the request one comes.

Litestar asks for a mark at each parameter. The decorators of routes add it where a parameter has
one meaning only: it is in the path, it is the JSON body, or it has a type of the table below.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import isclass
from typing import Any, Final

from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from core.kernel.pages import PageRequest
from core.kernel.preconditions import IfMatch
from core.kernel.principal import Principal
from core.kernel.schemas import Schema

OF_REQUEST: Final[Mapping[object, str]] = {
    Principal: "principal",
    Principal | None: "visitor",
    PageRequest: "page_request",
    IfMatch: "if_match",
}
"""The name of the parameter of each of these types; `CorePlugin` provides the functions."""
MARKS: Final[Mapping[str, Any]] = {  # Any: special forms of typing
    "path": FromPath,
    "body": JSONBody,
    "request": NamedDependency,
}
IN_PATH = re.compile(r"\{(\w+)(?::\w+)?\}")


def mark_arguments(function: Callable[..., object], paths: Sequence[str]) -> None:
    """Add the marks of Litestar to the parameters. Raises TypeError for a name of another type."""
    in_path = {name for path in paths for name in IN_PATH.findall(path)}
    annotations = function.__annotations__
    for name, kind in [*annotations.items()]:
        annotations[name] = annotated(name, kind, is_in_path=name in in_path)


def annotated(name: str, kind: object, is_in_path: bool) -> object:
    if is_in_path and isclass(kind):
        return MARKS["path"][kind]
    if name == "data" and isclass(kind) and issubclass(kind, Schema):
        return MARKS["body"][kind]
    if (right := dependency_name(kind)) is None or name == "return":
        return kind
    if name != right:
        text = getattr(kind, "__name__", kind)
        raise TypeError(f"the parameter {name} has the type {text}: call it {right}")
    return MARKS["request"][kind]


def dependency_name(kind: object) -> str | None:
    return next((name for known, name in OF_REQUEST.items() if known == kind), None)
