"""Every example of a request in the OpenAPI document works when it is sent."""

import json
import re
from typing import Any

import pytest
from httpx import Response

from core.testing import TestUser

NO_SUCH_ID = "0190f5c7-a1b2-7c3d-8e9f-0a1b2c3d4e5f"
Json = dict[str, Any]


@pytest.fixture
def backend() -> str:
    """The validity of an input does not depend on the database."""
    return "sqlite"


async def test_examples_work_when_they_are_sent(admin: TestUser, user: TestUser) -> None:
    """An admin sends the requests; a resource may be missing, and no input is invalid."""
    document = (await admin.client.get("/docs/openapi.json")).json()
    refused, sent = [], 0
    for path, methods in document["paths"].items():
        place = re.sub(r"\{\w+\}", NO_SUCH_ID, path.replace("{user_id}", str(user.id)))
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind == "multipart/form-data":
                    continue
                answer = await send(admin, method, place, kind, content["example"])
                sent += 1
                if answer.status_code in (400, 413, 415, 422) or answer.status_code >= 500:
                    refused.append((operation["operationId"], kind, answer.text))

    assert refused == []
    assert sent > 20


async def send(user: TestUser, method: str, path: str, kind: str, example: Json) -> Response:
    if kind == "application/x-www-form-urlencoded":
        return await user.client.request(method, path, data=example)
    headers = {"content-type": kind}
    return await user.client.request(method, path, content=json.dumps(example), headers=headers)
