"""JSON schemas of all bodies, each once among the components."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from inspect import isclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import ModelField

REF = "#/components/schemas/{model}"
Mode = Literal["validation", "serialization"]
Json = dict[str, Any]
Words = Mapping[str, Sequence[str]]
"""What is known only when all modules are put together: of each kind the words there are.

A schema refers to them: `{"x-enum": "permission"}` is one of these, `{"x-members": "figure"}` an
object that has a whole number for each.
"""


class BodySchema(GenerateJsonSchema):
    """Schemas as generators of clients read them best."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave out the title of a field, which only repeats its name."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Require every field of an answer that is always sent, one with a default too."""
        if self.mode == "serialization" and field["type"] == "model-field":
            return not field.get("serialization_exclude_if")
        return super().field_is_required(field, total)

    def model_field_schema(self, schema: ModelField) -> Json:
        """A field that is left out of an answer when it is None is never null there."""
        made = super().model_field_schema(schema)
        left_out = self.mode == "serialization" and schema.get("serialization_exclude_if")
        return without_null(made) if left_out else made


class Schemas:
    """Collects models while operations are described; then gives every one its place."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}

    def of(self, annotation: Any, mode: Mode) -> Json:
        """A schema that refers to models by a mark, which `resolve` replaces."""
        if is_model(annotation):
            self._wanted[annotation, mode] = None
            return {"$model": (annotation, mode)}
        if get_origin(annotation) in (Union, UnionType):
            parts = get_args(annotation)
            if any(is_model(each) for each in parts):
                return self._alternatives(parts, mode)
        return TypeAdapter(annotation).json_schema(mode=mode, schema_generator=BodySchema)

    def _alternatives(self, parts: Sequence[Any], mode: Mode) -> Json:
        schema: Json = {"oneOf": [self.of(each, mode) for each in parts]}
        name = discriminator_of([each for each in parts if is_model(each)])
        return schema | ({"discriminator": {"propertyName": name}} if name else {})

    def resolve(self, document: Json, words: Words) -> Json:
        """Put every schema among the components, with the words that modules contribute."""
        refs, definitions = models_json_schema(
            list(self._wanted), ref_template=REF, schema_generator=BodySchema
        )
        document = replaced(document, refs)
        document["components"]["schemas"] = {
            name: finished(schema, words) for name, schema in definitions.get("$defs", {}).items()
        }
        known = enums(words)
        document = with_plain_names(document, known)
        document["components"]["schemas"] |= known
        return document


def is_model(annotation: Any) -> bool:
    return isclass(annotation) and issubclass(annotation, BaseModel)


def discriminator_of(parts: Sequence[type[BaseModel]]) -> str | None:
    """Return the field by which these can be told apart: of each another literal."""
    for name in parts[0].model_fields:
        values = [literals_of(each, name) for each in parts]
        if all(values) and len(set().union(*values)) == sum(map(len, values)):
            return name
    return None


def literals_of(model: type[BaseModel], name: str) -> frozenset[Any]:
    field = model.model_fields.get(name)
    annotation = field.annotation if field else None
    return frozenset(get_args(annotation) if get_origin(annotation) is Literal else ())


def without_null(schema: Json) -> Json:
    """The schema of what may be left out, and is never null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return dict(choices[0]) if len(choices) == 1 else schema


def replaced(value: Any, refs: Any) -> Any:
    if isinstance(value, dict):
        if model := value.get("$model"):
            return refs[model]
        return {key: replaced(each, refs) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, refs) for each in value]
    return value


def finished(schema: Json, words: Words) -> Json:
    """Return a component without defaults, and with the members that modules contribute."""
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


def is_open(schema: Json) -> bool:
    """Many generators cannot give a type to further properties beside those that are named."""
    return bool(schema.get("additionalProperties", False))


def without_default(field: Json, always: bool) -> Json:
    """Return the field with its default in words.

    Many generators take a field with a `default` for one that is always there, or always send it.
    """
    rest = {key: value for key, value in field.items() if key != "default"}
    if always or field.get("default") is None:
        return rest
    said = f"`{json.dumps(field['default'])}` where it is left out."
    return rest | {"description": f"{rest.get('description', '')} {said}".strip()}


def with_plain_names(document: Json, taken: Collection[str]) -> Json:
    """Name each component by its class alone; one that shares its name, by its whole path.

    A class that has the name of an enum gets a longer one too; a rule of modules tells both cases.
    """
    schemas = document["components"]["schemas"]
    titles = [schema.get("title", name) for name, schema in schemas.items()]
    names = {
        name: title if titles.count(title) == 1 else in_camel_case(name)
        for name, title in zip(schemas, titles, strict=True)
    }
    names = {old: f"{new}Body" if new in taken else new for old, new in names.items()}
    document["components"]["schemas"] = {names[old]: it for old, it in sorted(schemas.items())}
    refs = {REF.format(model=old): REF.format(model=new) for old, new in names.items()}
    renamed: Json = with_references(document, refs)
    return renamed


def in_camel_case(name: str) -> str:
    """`modules__admin__schemas__FileRead` becomes `ModulesAdminSchemasFileRead`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", name))


def with_references(value: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [with_references(each, refs) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(ref := value.get("$ref"), str):
        return value | {"$ref": refs.get(ref, ref)}
    if kind := value.get("x-enum"):
        return {"$ref": REF.format(model=in_camel_case(kind))}
    return {key: with_references(each, refs) for key, each in value.items()}


def enums(words: Words) -> Json:
    """A component of each kind of words that schemas name by `x-enum`."""
    return {
        in_camel_case(kind): {"type": "string", "title": in_camel_case(kind), "enum": [*known]}
        for kind, known in words.items()
    }
