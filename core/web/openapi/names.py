"""Find names of the OpenAPI document that two classes share: a generated client needs two."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from pydantic import BaseModel

from core.web.openapi.schemas import Words, in_camel_case, is_model
from core.web.problems import Problem, ProblemSpec

Model = type[BaseModel]
Paths = tuple[str, ...]


def shared_names(operations: Iterable[HTTPRouteHandler], words: Words) -> dict[Paths, str]:
    """Return the names that several components have, by the paths of their classes.

    Lists of items that share a name are not told beside these.
    """
    named: dict[str, set[str]] = {in_camel_case(kind): {f"the enum {kind}"} for kind in words}
    models: set[Model] = {Problem}
    for operation in operations:
        collect_models(annotations_of(operation), models)
    for model in sorted(models, key=lambda each: (is_list(each), path_of(each))):
        named.setdefault(model.__name__, set()).add(path_of(model))
    found: dict[Paths, str] = {}
    for name, paths in named.items():
        if len(paths) > 1:
            found.setdefault(tuple(sorted(paths)), name)
    return found


def annotations_of(operation: HTTPRouteHandler) -> Iterator[Any]:
    signature = operation.parsed_fn_signature
    yield signature.return_type.annotation
    if data := signature.parameters.get("data"):
        yield data.annotation
    for spec in (operation.responses or {}).values():
        if isinstance(spec, ResponseSpec) and not isinstance(spec, ProblemSpec):
            yield spec.data_container


def collect_models(annotations: Iterable[Any], found: set[Model]) -> None:
    """Add the models of these annotations, and those of their fields."""
    for each in annotations:
        if not is_model(each):
            collect_models(get_args(each), found)
        elif each not in found:
            found.add(each)
            collect_models((field.annotation for field in each.model_fields.values()), found)


def path_of(model: Model) -> str:
    """Return the path of a class; the path of its items for a list, which is named after these."""
    return path_of(items_of(model)[0]) if is_list(model) else f"{model.__module__}.{model.__name__}"


def is_list(model: Model) -> bool:
    return bool(items_of(model))


def items_of(model: Model) -> tuple[Any, ...]:
    items: tuple[Any, ...] = model.__pydantic_generic_metadata__["args"]
    return items
