"""The OpenAPI document that the application serves, and its operations."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient, Response

from core.kernel.ids import uuid7

API = "/api/v1"
SAMPLES: tuple[Any, ...] = (None, True, "true", "5", 1, 5.5, [], {})
"""One or two values of each JSON type."""

JSON_TYPES = {
    type(None): {"null"}, bool: {"boolean"}, str: {"string"}, int: {"integer", "number"},
    float: {"number"}, list: {"array"}, dict: {"object"},
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    described: dict[str, Any]
    schemas: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_write(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH", "DELETE")

    @property
    def asks_who(self) -> bool:
        """Whether the operation requires a credential."""
        security = self.described["security"]
        return bool(security) and {} not in security

    @property
    def has_etag(self) -> bool:
        return "ETag" in self.described["responses"]["200"]["headers"]

    @property
    def bodies(self) -> dict[str, dict[str, Any]]:
        """The schema and the example of each media type."""
        content: dict[str, Any] = self.described.get("requestBody", {}).get("content", {})
        return content

    def at(self, things: dict[str, str]) -> str:
        """Return the path with these ids; a missing id is replaced by an id that does not exist."""
        return re.sub(r"\{(\w+)\}", lambda found: things.get(found[1], str(uuid7())), self.path)

    def mistakes(self, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Return each location, and the example with a value of a wrong type at this location."""
        return self._mistakes(body["schema"], body["example"], "body")

    def _mistakes(self, schema: dict[str, Any], example: Any, at: str) -> Iterator[tuple[str, Any]]:
        branches = [self._resolved(each) for each in schema.get("anyOf", [schema])]
        allowed = {each.get("type") for each in branches}
        if None in allowed:  # any type is allowed
            return
        for sample in SAMPLES:
            if not JSON_TYPES[type(sample)] & allowed:
                yield at, sample
        for branch in branches:
            for name, field in branch.get("properties", {}).items():
                given = example if isinstance(example, dict) else {}
                for where, value in self._mistakes(field, given.get(name), f"{at}.{name}"):
                    yield where, given | {name: value}
            if "items" in branch:
                for where, value in self._mistakes(branch["items"], None, f"{at}.0"):
                    yield where, [value]

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        return self.schemas[reference.rpartition("/")[2]] if reference else schema


def expanded(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with shared parameters and responses in place of their references."""

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        kind, _, name = str(value.get("$ref", "")).removeprefix("#/components/").partition("/")
        if kind in ("parameters", "responses"):
            return resolved(document["components"][kind][name])
        return {key: resolved(each) for key, each in value.items()}

    return {**document, "paths": resolved(document["paths"])}


async def operations(client: AsyncClient) -> list[Operation]:
    document = expanded((await client.get("/docs/openapi.json")).json())
    return [
        Operation(method.upper(), path, described, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


async def send(
    client: AsyncClient, method: str, path: str, kind: str, body: Any, **more: Any
) -> Response:
    """Send the body as this media type, which is JSON or a form."""
    if kind == "application/x-www-form-urlencoded":
        return await client.request(method, path, data=body, **more)
    more["headers"] = {"content-type": kind} | more.get("headers", {})
    return await client.request(method, path, content=json.dumps(body), **more)
