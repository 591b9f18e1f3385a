"""JSON schemas of all bodies, each once among the components."""

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
        return document


def replaced(value: Any, refs: Any) -> Any:
    if isinstance(value, dict):
        if model := value.get("$model"):
            return refs[model]
        return {key: replaced(each, refs) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, refs) for each in value]
    return value
