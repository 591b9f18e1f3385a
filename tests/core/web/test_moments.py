"""Times in requests: with an offset, within the calendar of UTC, and returned in UTC."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import create_model

from core.kernel.errors import InvalidInput
from core.kernel.schemas import MergePatch, Schema, UtcDatetime
from core.testing import TestUser
from core.web.bodies import JsonBytes, decode

SAME = ["2026-01-31T12:00:00Z", "2026-01-31T21:00:00+09:00", "2026-01-31T07:30:00.000-04:30"]
EDGES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T09:00:00+09:00"]
REFUSED = [
    *("2026-01-31T12:00:00", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T12:00:00+25:00"),
    *("0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z"),
    *("10000-01-01T00:00:00Z", "1769860800", "now", "", "2026-01-31T12:00:00Z "),
]


class Booking(Schema):
    starts_at: UtcDatetime
    ends_at: UtcDatetime | None = None


class BookingUpdate(MergePatch):
    starts_at: UtcDatetime = datetime(2026, 1, 1, tzinfo=UTC)


def body(**values: object) -> JsonBytes:
    return JsonBytes(json.dumps(values).encode())


@pytest.mark.parametrize("kind", [Booking, BookingUpdate])
@pytest.mark.parametrize("text", SAME)
def test_a_body_is_answered_in_utc(kind: type[Schema], text: str) -> None:
    read = decode(kind, body(starts_at=text))
    assert json.loads(read.model_dump_json())["starts_at"] == "2026-01-31T12:00:00Z"
    again = kind.of(read)
    assert again.model_dump_json() == read.model_dump_json()


@pytest.mark.parametrize("text", EDGES)
def test_the_edges_of_the_calendar_are_in_it(text: str) -> None:
    read = decode(Booking, body(starts_at=text, ends_at=text))
    assert json.loads(read.model_dump_json())["starts_at"].endswith("Z")


@pytest.mark.parametrize("kind", [Booking, BookingUpdate])
@pytest.mark.parametrize("value", [*REFUSED, 1769860800, 1.5, True])
def test_any_other_is_refused_at_its_place(kind: type[Schema], value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(kind, body(starts_at=value))
    assert [(each.location, each.code) for each in refused.value.errors] == [
        ("body.starts_at", "datetime_parsing")
    ]


def test_the_document_says_that_it_is_a_time() -> None:
    properties = Booking.model_json_schema()["properties"]
    assert properties["starts_at"]["format"] == "date-time"


@pytest.mark.parametrize(
    "kind", [datetime, datetime | None, list[datetime], dict[str, list[datetime]]]
)
def test_a_body_with_a_plain_datetime_is_no_schema(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"Broken\.at is a datetime: write UtcDatetime"):
        create_model("Broken", __base__=Schema, at=(kind, ...))
    create_model("Right", __base__=Schema, at=(list[UtcDatetime] | UtcDatetime | None, ...))


@pytest.mark.parametrize("name", ["audit?since", "audit?until", "users?created_at_gte"])
async def test_a_query_is_read_alike(name: str, admin: TestUser) -> None:
    path, _, parameter = name.partition("?")
    for text in (*SAME, *EDGES):
        answer = await admin.client.get(f"/api/v1/admin/{path}", params={parameter: text})
        assert answer.status_code == 200, answer.text
    for text in REFUSED:
        answer = await admin.client.get(f"/api/v1/admin/{path}", params={parameter: text})
        places = [each["location"] for each in answer.json()["errors"]]
        assert (answer.status_code, places) == (400, [f"query.{parameter}"]), text


@pytest.mark.parametrize("name", ["audit?since", "audit?until", "users?created_at_gte"])
async def test_a_bare_plus_in_a_query_is_the_sign_of_the_offset(name: str, admin: TestUser) -> None:
    """A form decodes it as a space, and no other character can have been meant."""
    path, _, parameter = name.partition("?")
    soon = datetime.now(UTC) + timedelta(minutes=5)
    in_seoul = soon.astimezone(timezone(timedelta(hours=9))).isoformat()
    assert in_seoul.endswith("+09:00")

    async def total(text: str) -> int:
        answer = await admin.client.get(f"/api/v1/admin/{path}?{parameter}={text}")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["total"])

    await total("2026-01-01T00:00:00+09:00")  # a first row of the audit log
    assert await total(in_seoul) == await total(in_seoul.replace("+", "%2B"))
    assert (await total(in_seoul) == 0) == (parameter != "until")
    for text in ("2026-01-31+12:00", "2026-01-31T12:00:00++09:00", "2026-01-31T12:00:00+-09:00"):
        answer = await admin.client.get(f"/api/v1/admin/{path}?{parameter}={text}")
        assert answer.status_code == 400, text
