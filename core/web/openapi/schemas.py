"""JSON schemas of all bodies, each once among the components."""

import re
from inspect import isclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

REF = "#/components/schemas/{model}"
Mode = Literal["validation", "serialization"]
Json = dict[str, Any]


class Untitled(GenerateJsonSchema):
    """Without a title for every field, which only says its name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class Schemas:
    """Collects models while operations are described; then gives every one its place."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}

    def of(self, annotation: Any, mode: Mode) -> Json:
        """A schema that refers to models by a mark, which `resolve` replaces."""
        if isclass(annotation) and issubclass(annotation, BaseModel):
            self._wanted[annotation, mode] = None
            return {"$model": (annotation, mode)}
        if get_origin(annotation) in (Union, UnionType):
            parts = get_args(annotation)
            if any(isclass(each) and issubclass(each, BaseModel) for each in parts):
                return {"oneOf": [self.of(each, mode) for each in parts]}
        return TypeAdapter(annotation).json_schema(mode=mode, schema_generator=Untitled)

    def resolve(self, document: Json) -> Json:
        refs, definitions = models_json_schema(
            list(self._wanted), ref_template=REF, schema_generator=Untitled
        )
        document = replaced(document, refs)
        document["components"]["schemas"] = definitions.get("$defs", {})
        return renamed(document)


def renamed(document: Json) -> Json:
    """Name each component by its class alone; one that shares its name, by its whole path."""
    schemas = document["components"]["schemas"]
    titles = [schema.get("title", name) for name, schema in schemas.items()]
    names = {
        REF.format(model=name): title if titles.count(title) == 1 else in_camel_case(name)
        for name, title in zip(schemas, titles, strict=True)
    }
    document = with_references(document, {ref: REF.format(model=it) for ref, it in names.items()})
    bodies = document["components"]["schemas"].values()
    document["components"]["schemas"] = dict(sorted(zip(names.values(), bodies, strict=True)))
    return document


def in_camel_case(name: str) -> str:
    """`modules__admin__schemas__FileRead` becomes `ModulesAdminSchemasFileRead`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", name))


def with_references(value: Any, references: dict[str, str]) -> Any:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            return value | {"$ref": references.get(reference, reference)}
        return {key: with_references(each, references) for key, each in value.items()}
    if isinstance(value, list):
        return [with_references(each, references) for each in value]
    return value


def replaced(value: Any, refs: Any) -> Any:
    if isinstance(value, dict):
        if model := value.get("$model"):
            return refs[model]
        return {key: replaced(each, refs) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, refs) for each in value]
    return value
