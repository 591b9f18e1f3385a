"""Request bodies that work when they are sent, put together from the examples of their fields."""

from typing import Any

Json = dict[str, Any]


def example_of(schema: Json, definitions: Json) -> Any:
    """The schema's own example, or one of its required and exemplified parts."""
    if ref := schema.get("$ref"):
        return example_of(definitions[ref.rpartition("/")[2]], definitions)
    if examples := schema.get("examples"):
        return examples[0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example_of(schema[choice][0], definitions)
    if schema.get("type") == "object":
        return example_of_object(schema, definitions)
    return schema.get("default", schema.get("const", BY_TYPE.get(str(schema.get("type")))))


BY_TYPE: Json = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "array": []}


def example_of_object(schema: Json, definitions: Json) -> Json:
    required = schema.get("required", ())
    return {
        name: example_of(each, definitions)
        for name, each in schema.get("properties", {}).items()
        if name in required or exemplified(each)
    }


def exemplified(schema: Json) -> bool:
    inner = schema.get("anyOf") or schema.get("oneOf") or [{}]
    return "examples" in schema or any("examples" in each for each in inner)
