"""A check for component names that two classes share, where a generated client needs two."""

from collections.abc import Iterable, Iterator
from typing import get_args

from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

from core.web.openapi.schemas import Words, in_camel_case, is_model
from core.web.problems import Problem

Model = type[BaseModel]
Paths = tuple[str, ...]


def shared_names(operations: Iterable[HTTPRouteHandler], words: Words) -> dict[Paths, str]:
    """Return the names that several components have, by the paths of their classes.

    A list is not reported if the class of its items is.
    """
    named: dict[str, set[str]] = {in_camel_case(kind): {f"the enum {kind}"} for kind in words}
    models: set[Model] = {Problem}
    for operation in operations:
        collect_models(annotations_of(operation), models)
    for model in sorted(models, key=lambda it: (is_page(it), path_of(it))):
        named.setdefault(model.__name__, set()).add(path_of(model))
    shared: dict[Paths, str] = {}
    for name, paths in named.items():
        if len(paths) > 1:
            shared.setdefault(tuple(sorted(paths)), name)
    return shared


def annotations_of(operation: HTTPRouteHandler) -> Iterator[object]:
    signature = operation.parsed_fn_signature
    yield signature.return_type.annotation
    if data := signature.parameters.get("data"):
        yield data.annotation
    for spec in (operation.responses or {}).values():
        yield spec.data_container


def collect_models(annotations: Iterable[object], found: set[Model]) -> None:
    """Add the models of these annotations, and those of their fields."""
    for annotation in annotations:
        if not is_model(annotation):
            collect_models(get_args(annotation), found)
        elif annotation not in found:
            found.add(annotation)
            collect_models((field.annotation for field in annotation.model_fields.values()), found)


def path_of(model: Model) -> str:
    """Return the path of a class; for a list, the path of the class of its items."""
    return path_of(items_of(model)[0]) if is_page(model) else f"{model.__module__}.{model.__name__}"


def is_page(model: Model) -> bool:
    return bool(items_of(model))


def items_of(model: Model) -> tuple[Model, ...]:
    items: tuple[Model, ...] = model.__pydantic_generic_metadata__["args"]
    return items
