"""Requests and responses of a page of another origin, compared with the document."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient

ORIGINS = ("http://app.example", "capacitor://localhost", "app://.")
SAFELISTED_REQUEST = {"accept", "accept-language", "content-language", "content-type"}
SAFELISTED_ANSWER = {
    *("cache-control", "content-language", "content-length", "content-type"),
    *("expires", "last-modified", "pragma"),
}
"""The response header fields that the Fetch standard allows without a declaration."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


@pytest.fixture
def overrides() -> dict[str, Any]:
    return {"cors_origins": ORIGINS, "cors_headers": ("X-Tenant",)}


def listed(value: str) -> set[str]:
    return {each.strip().lower() for each in value.split(",")}


async def allowed(client: AsyncClient, origin: str) -> set[str]:
    asking = {"origin": origin, "access-control-request-method": "POST"}
    answer = await client.options("/api/v1/users/me", headers=asking)
    assert answer.headers["access-control-allow-origin"] == origin
    return listed(answer.headers["access-control-allow-headers"])


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while reference := part.get("$ref"):
        place: Any = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name.replace("~1", "/").replace("~0", "~")]
        part = place
    return part


async def test_every_request_header_of_the_document_may_be_sent(client: AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    named = {"authorization"}
    for operation in operations(document):
        for each in operation.get("parameters", ()):
            parameter = resolved(document, each)
            if parameter["in"] == "header":
                named.add(parameter["name"].lower())
    for scheme in document["components"]["securitySchemes"].values():
        named |= {scheme["name"].lower()} if scheme["type"] == "apiKey" else set()
    for origin in ORIGINS:
        assert named - SAFELISTED_REQUEST <= await allowed(client, origin)
    assert {"x-api-key", "if-match", "idempotency-key"} <= named


async def test_every_answer_header_of_the_document_may_be_read(client: AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    answers = [
        resolved(document, answer)
        for operation in operations(document)
        for answer in operation["responses"].values()
    ]
    named = {name.lower() for answer in answers for name in answer.get("headers", ())}
    answer = await client.get("/health", headers={"origin": ORIGINS[0]})
    assert named - SAFELISTED_ANSWER <= listed(answer.headers["access-control-expose-headers"])
    assert {"etag", "ratelimit", "location"} <= named


async def test_what_libraries_and_proxies_add_may_be_sent(client: AsyncClient) -> None:
    added = ("baggage", "sentry-trace", "tracestate", "traceparent", "if-range", "repr-digest")
    more = ("x-requested-with", "cache-control", "x-tenant")
    assert {*added, *more} <= await allowed(client, ORIGINS[1])


async def test_no_other_origin_is_told(client: AsyncClient) -> None:
    for origin in ("null", "capacitor://elsewhere", "http://localhost", "CAPACITOR://localhost"):
        answer = await client.get("/health", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
