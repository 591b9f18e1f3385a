"""The JSON schemas of all bodies, each defined once in the components."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import isclass
from types import UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import DataclassField, ModelField, TypedDictField

from core.kernel.json_types import JsonObject

REF = "#/components/schemas/{model}"
Mode = Literal["validation", "serialization"]
Words = Mapping[str, Sequence[str]]
"""The values of each enum that modules contribute, for example all permissions.

A schema refers to them: `{"x-enum": "permission"}` is one of these values, and
`{"x-members": "statistic"}` is an object with an integer for each value.
"""


class BodySchema(GenerateJsonSchema):
    """The generator of schemas in the form that client generators read best."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave out the title of a field, which only repeats its name."""
        return False

    def field_is_required(
        self, field: ModelField | DataclassField | TypedDictField, total: bool
    ) -> bool:
        """Require every field that a response always contains, including those with a default."""
        if self.mode == "serialization" and field["type"] == "model-field":
            return not field.get("serialization_exclude_if")
        return super().field_is_required(field, total)

    def model_field_schema(self, schema: ModelField) -> JsonObject:
        """Return a schema without null for a field that a response omits when it is None."""
        field_schema = super().model_field_schema(schema)
        left_out = self.mode == "serialization" and schema.get("serialization_exclude_if")
        return without_null(field_schema) if left_out else field_schema


class Schemas:
    """Collects the models of the operations, and then puts their schemas into the components."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}

    def of(self, annotation: Any, mode: Mode) -> JsonObject:
        """Return a schema that refers to models by a marker, which `resolve` replaces."""
        if is_model(annotation):
            self._wanted[annotation, mode] = None
            return {"$model": (annotation, mode)}
        if get_origin(annotation) in (Union, UnionType):
            parts = get_args(annotation)
            if any(is_model(part) for part in parts):
                return self._alternatives(parts, mode)
        return TypeAdapter(annotation).json_schema(mode=mode, schema_generator=BodySchema)

    def _alternatives(self, parts: Sequence[object], mode: Mode) -> JsonObject:
        schema: JsonObject = {"oneOf": [self.of(part, mode) for part in parts]}
        name = discriminator_of([part for part in parts if is_model(part)])
        return schema | ({"discriminator": {"propertyName": name}} if name else {})

    def resolve(self, document: JsonObject, words: Words) -> JsonObject:
        """Return the document with all schemas and the enums of modules in its components."""
        refs, definitions = models_json_schema(
            list(self._wanted), ref_template=REF, schema_generator=BodySchema
        )
        document = rewritten(document, lambda it: refs[it["$model"]] if "$model" in it else None)
        document["components"]["schemas"] = {
            name: finished(schema, words) for name, schema in definitions.get("$defs", {}).items()
        }
        enum_schemas = enums(words)
        document = with_plain_names(document, enum_schemas)
        document["components"]["schemas"] |= enum_schemas
        return document


def is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isclass(annotation) and issubclass(annotation, BaseModel)


def discriminator_of(parts: Sequence[type[BaseModel]]) -> str | None:
    """Return the field that has different literals in each of these models, if there is one."""
    for name in parts[0].model_fields:
        values = [literals_of(model, name) for model in parts]
        if all(values) and len(set().union(*values)) == sum(map(len, values)):
            return name
    return None


def literals_of(model: type[BaseModel], name: str) -> frozenset[object]:
    field = model.model_fields.get(name)
    annotation = field.annotation if field else None
    return frozenset(get_args(annotation) if get_origin(annotation) is Literal else ())


def without_null(schema: JsonObject) -> JsonObject:
    """Return the schema of a value that may be absent and is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return dict(choices[0]) if len(choices) == 1 else schema


def rewritten(value: Any, change: Callable[[JsonObject], object]) -> Any:  # Any: JSON
    """Return the value, with each object in it for which `change` returns another one."""
    if isinstance(value, list):
        return [rewritten(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return change(value) or {key: rewritten(member, change) for key, member in value.items()}


def finished(schema: JsonObject, words: Words) -> JsonObject:
    """Return a component without defaults and with the members that modules contribute."""
    if "properties" not in schema:
        return schema
    required = schema.get("required", ())
    members = words.get(schema.get("x-members", ""), ())
    properties = {word: {"type": "integer"} for word in members} | {
        name: without_default(field, always=name in required)
        for name, field in schema["properties"].items()
    }
    left_out = {"x-members"} | ({"additionalProperties"} if is_open(schema) else set())
    rest = {key: value for key, value in schema.items() if key not in left_out}
    return rest | {"properties": properties}


def is_open(schema: JsonObject) -> bool:
    """Return whether further properties are allowed, for which many generators have no type."""
    return bool(schema.get("additionalProperties", False))


def without_default(field: JsonObject, always: bool) -> JsonObject:
    """Return the field with its default in the description.

    Many generators treat a field with a `default` as always present, or always send it.
    """
    rest = {key: value for key, value in field.items() if key != "default"}
    if always or field.get("default") is None:
        return rest
    text = f"`{json.dumps(field['default'])}` where it is left out."
    return rest | {"description": f"{rest.get('description', '')} {text}".strip()}


def with_plain_names(document: JsonObject, taken: Collection[str]) -> JsonObject:
    schemas = document["components"]["schemas"]
    names = plain_names(schemas, taken)
    document["components"]["schemas"] = {names[old]: it for old, it in sorted(schemas.items())}
    refs = {REF.format(model=old): REF.format(model=new) for old, new in names.items()}
    renamed: JsonObject = rewritten(document, lambda value: plain_reference(value, refs))
    return renamed


def plain_names(schemas: JsonObject, taken: Collection[str]) -> dict[str, str]:
    """Name each component by its class, or by its full path if two classes share the name.

    A class with the name of an enum gets the suffix `Body`. A rule of modules reports both cases.
    """
    titles = [schema.get("title", name) for name, schema in schemas.items()]
    names = {
        name: title if titles.count(title) == 1 else in_camel_case(name)
        for name, title in zip(schemas, titles, strict=True)
    }
    return {old: f"{new}Body" if new in taken else new for old, new in names.items()}


def plain_reference(value: JsonObject, refs: Mapping[str, str]) -> JsonObject | None:
    """Return the reference that replaces this one, or a schema with `x-enum`; None for others."""
    if isinstance(ref := value.get("$ref"), str):
        return value | {"$ref": refs.get(ref, ref)}
    kind = value.get("x-enum")
    return {"$ref": REF.format(model=in_camel_case(kind))} if kind else None


def in_camel_case(name: str) -> str:
    """Return `ModulesAdminSchemasFileRead` for `modules__admin__schemas__FileRead`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", name))


def enums(words: Words) -> JsonObject:
    """Return a component for each enum that schemas name by `x-enum`."""
    return {
        in_camel_case(kind): {"type": "string", "title": in_camel_case(kind), "enum": [*values]}
        for kind, values in words.items()
    }
