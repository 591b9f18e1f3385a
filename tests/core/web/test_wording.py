"""Errors about the input are in plain English, from each validator."""

import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from httpx import AsyncClient
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.schemas import Schema, UtcDatetime
from core.kernel.text import Line
from core.testing import TestUser
from core.web.bodies import JsonBytes, decode
from tests.api.document import expanded

API = "/api/v1"


class Size(StrEnum):
    small = "small"
    large = "large"


class Part(Schema):
    number: int


class Whole(Schema):
    name: Annotated[str, Line(2, 50)]
    code: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-z]+$")] = "ab"
    flag: bool = True
    amount: float = 1.0
    few: Annotated[int, Field(ge=1, le=9)] = 1
    inner: Annotated[float, Field(gt=0, lt=1)] = 0.5
    id: UUID | None = None
    at: UtcDatetime | None = None
    day: Annotated[date, Field(ge=date(2026, 1, 1))] | None = None
    price: Annotated[Decimal, Field(ge=Decimal("0.01"), le=Decimal(100))] = Decimal(1)
    kind: Literal["private", "public"] = "private"
    size: Size = Size.small
    tags: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    part: Part | None = None
    other: dict[str, int] | None = None
    pair: tuple[int, int] = (1, 2)
    even: int = 2
    none: None = None

    @field_validator("even")
    @classmethod
    def is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("internal: odd")
        return value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", '"x"', "The text must have 2 to 50 characters."),
        ("name", "1", "A string is expected."),
        ("name", '"a\\u0000"', "Control characters are not allowed."),
        ("code", '"a"', "The text must have at least 2 characters."),
        ("code", '"abcd"', "The text must have at most 3 characters."),
        ("code", '"A1"', "The text does not have the required format."),
        ("flag", '"true"', "The value must be true or false."),
        ("amount", '"1"', "A number is expected."),
        ("few", "1.5", "A whole number is expected."),
        ("few", "0", "The value must be at least 1."),
        ("few", "10", "The value must be at most 9."),
        ("inner", "0", "The value must be more than 0.0."),
        ("inner", "1", "The value must be less than 1.0."),
        ("id", '"x"', "A UUID is expected."),
        ("at", '"x"', "A timestamp of RFC 3339 is expected, such as 2026-01-31T12:00:00Z."),
        ("day", '"x"', "A date of RFC 3339 is expected, such as 2026-01-31."),
        ("day", '"2025-12-31"', "The value must be at least 2026-01-01."),
        ("price", "0", "The value must be at least 0.01."),
        ("price", "101", "The value must be at most 100."),
        ("kind", '"x"', "The value must be one of private, public."),
        ("size", '"x"', "The value must be one of small, large."),
        ("tags", "{}", "A list is expected."),
        ("tags", "[]", "The list must have at least 1 items."),
        ("tags", '["a", "b", "c"]', "The list must have at most 2 items."),
        ("part", "[]", "An object is expected."),
        ("other", "[]", "An object is expected."),
        ("pair", "{}", "A list is expected."),
        ("even", "1", "The value is not valid."),
        ("none", "1", "The value must be null."),
    ],
)
def test_each_kind_has_a_message_of_the_project(field: str, value: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(Whole, JsonBytes(b'{"name": "Ada", "%s": %s}' % (field.encode(), value.encode())))
    assert [(each.location, each.text) for each in refused.value.errors] == [
        (f"body.{field}", message)
    ]


def test_the_parameters_of_a_rule_are_values_of_json() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(Whole, JsonBytes(b'{"name": "Ada", "day": "2025-12-31", "price": 0, "few": 10}'))
    assert json.loads(json.dumps([each.parameters for each in refused.value.errors])) == [
        {"max": 9},
        {"min": "2026-01-01"},
        {"min": 0.01},
    ]
    error = PydanticCustomError("past", "After {days}.", {"days": [date(2026, 1, 1)]})
    assert FieldError.of("body.day", error).text == "After 2026-01-01."


def test_the_codes_are_those_of_pydantic() -> None:
    content = b'{"name": "x", "few": 0, "kind": "x", "size": "x", "unknown": 1, "part": {}}'
    with pytest.raises(ValidationError) as found:
        Whole.model_validate_json(content, strict=True)
    with pytest.raises(InvalidInput) as refused:
        decode(Whole, JsonBytes(content))
    assert [each.code for each in refused.value.errors] == [
        each["type"] for each in found.value.errors()
    ]


@pytest.mark.parametrize(
    ("query", "location", "message"),
    [
        ("admin/users?is_active=maybe", "query.is_active", "The value must be true or false."),
        ("admin/users?is_active=1", "query.is_active", "The value must be true or false."),
        ("admin/users?is_active=TRUE", "query.is_active", "The value must be true or false."),
        ("admin/sessions?user_id=me", "query.user_id", "A UUID is expected."),
        ("admin/users/me", "path.user_id", "A UUID is expected."),
        (
            "admin/events?status=zz",
            "query.status",
            "The value must be one of pending, running, failed, dead, waiting.",
        ),
        (
            "users/me/activity?outcome=zz",
            "query.outcome",
            "The value must be one of success, refused, failed.",
        ),
    ],
)
async def test_errors_of_parameters_have_such_messages_too(
    admin: TestUser, query: str, location: str, message: str
) -> None:
    refused = await admin.client.get(f"{API}/{query}")
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["location"], error["message"]) == (location, message)


async def test_a_filter_by_one_of_some_words_still_filters(admin: TestUser) -> None:
    await admin.client.patch(f"{API}/users/me", json={"name": ""})
    for status in ("pending", "running", "failed", "dead", "waiting"):
        answer = await admin.client.get(f"{API}/admin/events?status={status}")
        assert (answer.status_code, answer.json()["total"]) == (200, 0)
    for outcome, times in (("refused", 1), ("failed", 0)):
        answer = await admin.client.get(f"{API}/users/me/activity?outcome={outcome}")
        assert answer.json()["total"] == times
    document: Any = expanded((await admin.client.get("/docs/openapi.json")).json())
    parameters = document["paths"][f"{API}/admin/events"]["get"]["parameters"]
    [status_of] = [each["schema"] for each in parameters if each["name"] == "status"]
    assert status_of["enum"] == ["pending", "running", "failed", "dead", "waiting"]


async def test_half_a_surrogate_pair_is_no_json(client: AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    for content in (
        b'{"email": "\\ud800", "password": "x"}',
        b'{"\\udc00": 1}',
        b'{"email": "\\udc00\\ud800"}',
        b'{"unknown": ["\\ud800x"]}',
    ):
        answer = await client.post(f"{API}/auth/login", content=content, headers=headers)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "http.malformed_json"), content
        assert "column" not in problem["detail"]
        assert [each["location"] for each in problem["errors"]] == ["body"]
    whole = b'{"email": "\\ud83d\\ude00@example.com", "password": "x"}'
    known = await client.post(f"{API}/auth/login", content=whole, headers=headers)
    assert known.status_code == 401


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"a": 1, "a": 2}', "body.a"),
        (b'{"x": [0, {"b": {}, "c": 1, "b": 9}], "y": 99999999999999999999}', "body.x.1.b"),
        (b'{"x": {"b": 1, "b": 2}, "x": 3}', "body.x.b"),
        (b'{"a": 1, "a": 2} and more', "body"),
        (b'[{"a": {"b": 1, "b": 1}}, nonsense', "body"),
        (rb'{"\ud800": 1, "\ud800": 2}', r"body.\ud800"),
        (b'{"%s": 1, "%s": 2}' % (2 * (b"k" * 300,)), "body." + "k" * 195),
    ],
)
async def test_a_repeated_key_is_named(client: AsyncClient, content: bytes, place: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post(f"{API}/auth/login", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "http.malformed_json")
    assert [each["location"] for each in answer.json()["errors"]] == [place]


async def test_a_merge_patch_is_taken_by_a_patch_alone(user: TestUser) -> None:
    headers, me = {"content-type": "application/merge-patch+json"}, f"{API}/users/me"
    body = json.dumps({"name": "New Name"})
    assert (await user.client.patch(me, content=body, headers=headers)).status_code == 200
    for method, path in (("PUT", me), ("POST", f"{API}/auth/step-up")):
        answer = await user.client.request(method, path, content=body, headers=headers)
        assert answer.status_code == 415


class TestLimits:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {"rate_limit_enabled": True, "rate_limit_anonymous": "1/hour"}

    async def test_a_429_says_for_how_long(self, client: AsyncClient) -> None:
        await client.get(f"{API}/nowhere")
        refused = await client.get(f"{API}/nowhere")
        assert refused.status_code == 429
        assert refused.json()["detail"] == f"Try again in {refused.headers['retry-after']} seconds."
