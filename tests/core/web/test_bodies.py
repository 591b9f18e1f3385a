"""JSON bodies: their limits, the forms of their numbers, and the names of their charset."""

import json
from typing import Any

import pytest
from httpx import Response

from core.testing import TestUser
from core.web.strict_json import MAX_MEMBERS, MAX_VALUES

ME = "/api/v1/users/me"
MAX_ERRORS = 20


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


async def patch(user: TestUser, content: str, kind: str = "application/json") -> Response:
    return await user.client.patch(ME, content=content, headers={"content-type": kind})


def members(count: int) -> dict[str, Any]:
    return {f"k{number}": 1 for number in range(count)}


def values(count: int) -> list[Any]:
    """Return this number of values, in nested lists with empty ones in between."""
    lists: list[Any] = [[1] * 99 for _ in range((count - 1) // 100)]
    return lists + [[] if number % 2 else {} for number in range(count - 1 - 100 * len(lists))]


class TestExtent:
    async def test_an_object_has_a_thousand_members(self, user: TestUser) -> None:
        for count, code in (
            (MAX_MEMBERS, "http.invalid"),
            (MAX_MEMBERS + 1, "http.too_many_values"),
        ):
            for body in (members(count), {"name": members(count)}, {"name": [members(count)]}):
                answer = await patch(user, json.dumps(body))
                assert (answer.status_code, answer.json()["code"]) == (400, code)

    async def test_a_body_has_ten_thousand_values(self, user: TestUser) -> None:
        for spaces in (None, 2):
            fits = await patch(user, json.dumps(values(MAX_VALUES), indent=spaces))
            over = await patch(user, json.dumps(values(MAX_VALUES + 1), indent=spaces))
            assert [fits.json()["code"], over.json()["code"]] == [
                "http.invalid",
                "http.too_many_values",
            ]

    async def test_signs_within_a_string_are_no_values(self, user: TestUser) -> None:
        name = 'a,b"[{\\,' * 20_000
        answer = await patch(user, json.dumps({"name": name}))
        assert [each["code"] for each in answer.json()["errors"]] == ["string_too_long"]

    async def test_depth_is_measured_outside_strings(self, user: TestUser) -> None:
        for content in (
            '{"name":"' + '\\"[' * 500 + '"}',
            '{"name":"\\\\","a":"' + "{" * 500 + '"}',
        ):
            assert (await patch(user, content)).json()["code"] == "http.invalid"
        for content in ('{"name":"\\\\","a":' + "[" * 40 + "]" * 40 + "}", "[" * 33 + "]" * 33):
            assert (await patch(user, content)).json()["code"] == "http.malformed_json"


class TestErrors:
    async def test_a_body_gets_at_most_twenty_errors(self, user: TestUser) -> None:
        answer = await patch(user, json.dumps(members(MAX_MEMBERS)))
        assert len(answer.json()["errors"]) == MAX_ERRORS
        assert len(answer.content) < 4_096

    async def test_a_query_gets_at_most_twenty_errors_too(self, admin: TestUser) -> None:
        for path in ("/api/v1/users", "/api/v1/users/me", "/api/v1/files"):
            query = "&".join(f"unknown{number}=1" for number in range(500))
            answer = await admin.client.get(f"{path}?{query}")
            assert answer.status_code == 400
            assert 1 <= len(answer.json()["errors"]) <= MAX_ERRORS
            assert len(answer.content) < 8_192

    async def test_a_long_name_is_cut(self, user: TestUser) -> None:
        answer = await patch(
            user, json.dumps({f"{number}" + "k" * 10_000: 1 for number in range(20)})
        )
        assert len(answer.content) < 16_384

    async def test_malformed_json_names_its_place(self, user: TestUser) -> None:
        answer = await patch(user, '{\n  "name": "a",,\n}')
        assert answer.json()["detail"] == "The body is not JSON at line 2, column 15."


class TestNumbers:
    @pytest.mark.parametrize("age", ["36", "36.0", "36.000", "3.6e1", "360e-1", "0.36E+2", "36e0"])
    async def test_a_whole_one_may_be_written_as_json_schema_allows(
        self, user: TestUser, age: str
    ) -> None:
        answer = await patch(user, f'{{"age": {age}, "name": "36.0 and \\"1e1"}}')
        assert answer.status_code == 200, answer.text
        assert (answer.json()["age"], answer.json()["name"]) == (36, '36.0 and "1e1')
        assert "36.0" not in json.dumps(answer.json()["age"])

    @pytest.mark.parametrize(
        "age",
        ["36.5", "36.00000000000000000001", "1e-1", "-1.0", "151.0", "1e15", "1e16", "1e300",
         '"36"', '"36.0"', "1e-400", "1e-999999", "true", "[36.0]"],
    )  # fmt: skip
    async def test_any_other_is_refused_at_its_place(self, user: TestUser, age: str) -> None:
        answer = await patch(user, f'{{"age": {age}}}')
        assert answer.status_code == 400
        assert [each["location"] for each in answer.json()["errors"]] == ["body.age"]

    @pytest.mark.parametrize(
        "age", ["1e400", "-1e999999999", "NaN", "Infinity", "9007199254740992"]
    )
    async def test_what_no_reader_holds_exactly_is_malformed(
        self, user: TestUser, age: str
    ) -> None:
        answer = await patch(user, f'{{"age": {age}}}')
        assert (answer.status_code, answer.json()["code"]) == (400, "http.malformed_json")


UTF_8 = ["utf-8", "UTF-8", "utf8", "UTF8", '"utf-8"', '"UTF8"', "utf_8", "u8", "unicode-1-1-utf-8"]
OTHERS = ["utf-16", "utf-7", "latin-1", "ascii", "utf-8-sig", "hex", "idna", "x" * 300, "", "\xff"]


class TestCharset:
    @pytest.mark.parametrize("label", UTF_8)
    @pytest.mark.parametrize("start", ["application/json;charset=", "Application/JSON ; Charset="])
    async def test_any_spelling_of_utf_8_is_taken(
        self, user: TestUser, start: str, label: str
    ) -> None:
        for kind in (
            start,
            start.replace("json", "merge-patch+json").replace("JSON", "Merge-Patch+json"),
        ):
            answer = await patch(user, '{"name": "이름 하나"}', kind + label)
            assert (answer.status_code, answer.json().get("name")) == (200, "이름 하나")

    @pytest.mark.parametrize("label", OTHERS)
    async def test_no_other_one_is(self, user: TestUser, label: str) -> None:
        content_type = f"application/json;charset={label}".encode("latin-1")
        headers = [(b"content-type", content_type)]
        answer = await user.client.patch(ME, content="{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "http.not_json")

    async def test_other_parameters_mean_nothing(self, user: TestUser) -> None:
        for more in ("; profile=x", ";charset=utf8; q=1", '; v="a;b"; charset="utf-8"', ";"):
            answer = await patch(user, '{"name": "Some Name"}', f"application/json{more}")
            assert answer.status_code == 200, more
        twice = await patch(user, "{}", "application/json;charset=utf-8;charset=utf-16")
        assert twice.status_code == 415

    @pytest.mark.parametrize("label", UTF_8)
    async def test_a_form_says_so_too(self, user: TestUser, label: str) -> None:
        form = {"grant_type": "password", "username": user.email, "password": user.password}
        kind = f"application/x-www-form-urlencoded; charset={label}"
        headers = {"content-type": kind}
        answer = await user.client.post("/api/v1/auth/token", data=form, headers=headers)
        assert answer.status_code == 200, answer.text
        other = {"content-type": "application/x-www-form-urlencoded; charset=utf-16"}
        answer = await user.client.post("/api/v1/auth/token", data=form, headers=other)
        assert answer.status_code == 415
