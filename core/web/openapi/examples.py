"""Example request bodies that can be sent as they are, built from the examples of fields."""

from collections.abc import Mapping

from core.kernel.json_types import JsonObject


def add_examples(document: JsonObject) -> None:
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind != "multipart/form-data":
                    content["example"] = example_of(content["schema"], schemas)


def example_of(schema: JsonObject, schemas: Mapping[str, JsonObject]) -> object:
    """Return the schema's own example, or one built from the fields that need or have one."""
    if ref := schema.get("$ref"):
        return example_of(schemas[ref.rpartition("/")[2]], schemas)
    choices = [choice for word in ("anyOf", "oneOf", "allOf") for choice in schema.get(word, ())]
    for choice in choices:
        if "examples" in choice:
            return example_of(choice, schemas)
    for keyword in ("examples", "enum"):
        if keyword in schema:
            return schema[keyword][0]
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if choices:
        return example_of(choices[0], schemas)
    return example_of_type(schema, schemas)


def example_of_type(schema: JsonObject, schemas: Mapping[str, JsonObject]) -> object:
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                name: example_of(field, schemas)
                for name, field in schema.get("properties", {}).items()
                if name in required or exemplified(field)
            }
        case "array":
            return [example_of(schema["items"], schemas)] * schema.get("minItems", 1)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string":
            return BY_FORMAT.get(schema.get("format", ""), "text")
    return None


BY_FORMAT = {
    "uuid": "0190f5c7-a1b2-7c3d-8e9f-0a1b2c3d4e5f",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "ada@example.com",
    "password": "correct horse battery staple",
}


def exemplified(schema: JsonObject) -> bool:
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    return any("examples" in choice for choice in (schema, *choices))
