"""Problems in English and Korean: which language is chosen, and what stays the same in both."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from core.testing import TestUser

API = "/api/v1"
ME = f"{API}/users/me"
NOWHERE = f"{API}/nowhere"
ENGLISH, KOREAN = "There is no resource at this URL.", "이 URL에서 리소스를 찾을 수 없습니다."
VARY = "Accept-Encoding, Origin, Accept-Language"


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


def accepting(languages: str) -> dict[str, str]:
    return {"accept-language": languages}


def spoken(answer: Response) -> tuple[str, str]:
    """Return the declared language, and that of the title."""
    titles = {ENGLISH: "en", KOREAN: "ko"}
    return answer.headers["content-language"], titles[answer.json()["title"]]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("ko-KR, en;q=0.5", "ko"),
        ("en, ko", "en"),
        ("en;q=0.4, ko;q=0.9", "ko"),
        ("en ; q = 0.4 , ko ; q = 0.9", "ko"),
        ("fr, ko;q=0.1", "ko"),
        ("fr", "en"),
        ("*", "en"),
        ("ko;q=0.5, *", "en"),
        ("en;q=0, *;q=0.5", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=2, ;;, en_GB, fr", "en"),
        (",".join(["fr"] * 500), "en"),
    ],
)
async def test_the_best_accepted_language_is_chosen(
    client: AsyncClient, accepted: str, language: str
) -> None:
    answer = await client.get(NOWHERE, headers=accepting(accepted))
    assert answer.status_code == 404
    assert spoken(answer) == (language, language)
    assert answer.headers["vary"] == VARY


async def test_repeated_fields_are_one_list(client: AsyncClient) -> None:
    fields = [("accept-language", "en;q=0.2"), ("accept-language", "ko")]
    assert spoken(await client.get(NOWHERE, headers=fields)) == ("ko", "ko")


async def test_all_but_the_texts_stays_the_same(client: AsyncClient) -> None:
    ids = {"x-request-id": "0123456789abcdef"}
    english = (await client.get(NOWHERE, headers=ids)).json()
    korean = (await client.get(NOWHERE, headers=ids | accepting("ko"))).json()
    texts = {"title": KOREAN, "detail": KOREAN}
    assert korean == english | texts != english


async def test_the_locale_of_the_user_comes_first(user: TestUser) -> None:
    async def asked(accepted: str) -> str:
        answer = await user.client.get(NOWHERE, headers=accepting(accepted))
        return spoken(answer)[0]

    assert await asked("ko") == "ko"
    for locale, in_english, in_korean in (
        ("ko-KR", "ko", "ko"),
        ("en-GB", "en", "en"),
        ("fr-FR", "en", "ko"),
        (None, "en", "ko"),
    ):
        changed = await user.client.patch(ME, json={"locale": locale})
        assert changed.status_code == 200
        assert (await asked("en"), await asked("ko")) == (in_english, in_korean), locale


async def test_an_api_key_speaks_the_language_of_its_owner(
    client: AsyncClient, user: TestUser
) -> None:
    await user.client.patch(ME, json={"locale": "ko"})
    draft = {"name": "Backup", "scopes": ["profile:read"]}
    key = (await user.client.post(f"{API}/auth/api-keys", json=draft)).json()["key"]
    refused = await client.patch(ME, json={}, headers={"x-api-key": key})
    assert (refused.status_code, refused.headers["content-language"]) == (403, "ko")


TWO = {"authorization": "Bearer x", "x-api-key": "x"}


@pytest.mark.parametrize(
    ("path", "headers", "status", "title"),
    [
        ("/%zz", {}, 400, "URL이 UTF-8의 퍼센트 인코딩 형식이 아닙니다."),
        ("/", {"host": "elsewhere.test"}, 421, "이 서비스의 호스트 이름이 아닙니다."),
        (ME, {}, 401, "먼저 로그인하세요."),
        (ME, TWO, 400, "베어러 토큰과 API 키 중 하나만 보내세요."),
    ],
)
async def test_errors_before_a_route_follow_the_header_too(
    client: AsyncClient, path: str, headers: dict[str, str], status: int, title: str
) -> None:
    answer = await client.get(path, headers=headers | accepting("ko"))
    assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert answer.headers["content-language"] == "ko"


FIELDS = {"name": "A", "email": "a", "password": "correct horse battery staple", "age": 151}


async def refused_fields(client: AsyncClient, language: str) -> dict[str, dict[str, Any]]:
    answer = await client.post(
        f"{API}/auth/register", json=FIELDS | {"colour": 1}, headers=accepting(language)
    )
    return {error.pop("location"): error for error in answer.json()["errors"]}


async def test_field_errors_carry_the_parameters_of_their_rule(client: AsyncClient) -> None:
    assert await refused_fields(client, "en") == {
        "body.name": {
            "message": "The text must have 2 to 50 characters.",
            "code": "string_too_short",
            "parameters": {"min": 2, "max": 50},
        },
        "body.email": {
            "message": "The text must have 3 to 254 characters.",
            "code": "string_too_short",
            "parameters": {"min": 3, "max": 254},
        },
        "body.age": {
            "message": "The value must be at most 150.",
            "code": "less_than_equal",
            "parameters": {"max": 150},
        },
        "body.colour": {"message": "There is no such field.", "code": "extra_forbidden"},
    }


async def test_field_errors_differ_in_their_message_alone(client: AsyncClient) -> None:
    english, korean = [await refused_fields(client, language) for language in ("en", "ko")]
    messages = {place: error.pop("message") for place, error in korean.items()}
    assert messages == {
        "body.name": "2자 이상 50자 이하여야 합니다.",
        "body.email": "3자 이상 254자 이하여야 합니다.",
        "body.age": "150 이하여야 합니다.",
        "body.colour": "알 수 없는 필드입니다.",
    }
    for error in english.values():
        del error["message"]
    assert korean == english


async def test_the_detail_lists_the_messages(client: AsyncClient) -> None:
    answer = await client.get(f"{API}/posts?page=0", headers=accepting("ko"))
    message = "1 이상 1000000 이하의 정수여야 합니다."
    assert answer.json()["detail"] == f"query.page: {message}"
    assert answer.json()["errors"] == [
        {
            "location": "query.page",
            "message": message,
            "code": "range",
            "parameters": {"min": 1, "max": 1_000_000},
        }
    ]


async def test_the_values_that_are_allowed_are_a_list(admin: TestUser) -> None:
    answer = await admin.client.get(f"{API}/users/me/activity?outcome=zz")
    [error] = answer.json()["errors"]
    assert error["parameters"] == {"allowed": ["success", "refused", "failed"]}


async def test_a_message_of_a_library_is_replaced_by_its_code(client: AsyncClient) -> None:
    body = {**FIELDS, "name": "Ada", "age": 1, "email": "a{0}b"}
    answer = await client.post(f"{API}/auth/register", json=body, headers=accepting("ko"))
    [error] = answer.json()["errors"]
    assert error == {
        "location": "body.email",
        "message": "올바른 이메일 주소가 아닙니다.",
        "code": "email",
    }


async def test_a_text_that_an_admin_wrote_is_no_template(
    admin: TestUser, client: AsyncClient
) -> None:
    closed = {"enabled": True, "message": "Back at {seconds}, {0} {", "retry_after_s": 9}
    assert (await admin.client.post(f"{API}/admin/maintenance", json=closed)).status_code == 200
    answer = await client.get(f"{API}/posts", headers=accepting("ko"))
    problem = answer.json()
    assert (problem["title"], problem["detail"]) == ("서비스가 점검 중입니다.", closed["message"])


async def test_the_description_of_oauth_stays_in_ascii(client: AsyncClient) -> None:
    """RFC 6749, section 5.2, allows only ASCII."""
    answer = await client.post(f"{API}/auth/token", data={"username": "x"}, headers=accepting("ko"))
    problem = answer.json()
    assert problem["detail"] == "grant_type 매개변수가 없습니다."
    assert problem["error_description"] == "The parameter grant_type is missing."


class TestSuccesses:
    async def test_they_do_not_vary_with_the_language(self, user: TestUser) -> None:
        answers = [await user.client.get(ME, headers=accepting(it)) for it in ("en", "ko")]
        assert answers[0].content == answers[1].content
        assert answers[0].headers["etag"] == answers[1].headers["etag"]
        for answer in answers:
            assert answer.headers["vary"] == "Accept-Encoding, Origin"
            assert "content-language" not in answer.headers

    async def test_neither_does_an_unchanged_one(self, user: TestUser) -> None:
        tag = (await user.client.get(ME)).headers["etag"]
        unchanged = await user.client.get(ME, headers=accepting("ko") | {"if-none-match": tag})
        assert unchanged.status_code == 304
        assert "content-language" not in unchanged.headers


class TestReplays:
    async def test_a_replayed_error_stays_in_its_first_language(self, admin: TestUser) -> None:
        """The key belongs to one response, whose Content-Language names its language."""
        path = f"{API}/admin/users/00000000-0000-7000-8000-000000000000/enable"
        key = {"idempotency-key": "one"}
        first = await admin.client.post(path, headers=key | accepting("ko"))
        again = await admin.client.post(path, headers=key | accepting("en"))
        assert first.status_code == again.status_code == 404
        assert again.headers["idempotency-replayed"] == "true"
        assert again.content == first.content
        for answer in (first, again):
            assert answer.headers.get_list("content-language") == ["ko"]
            assert answer.headers.get_list("vary") == [VARY]

    async def test_an_error_about_the_key_follows_the_reader(self, admin: TestUser) -> None:
        path, key = f"{API}/admin/maintenance", {"idempotency-key": "two"}
        await admin.client.post(path, json={"enabled": False}, headers=key)
        reused = await admin.client.post(
            path, json={"enabled": True}, headers=key | accepting("ko")
        )
        assert (reused.status_code, reused.headers["content-language"]) == (422, "ko")


class TestPages:
    async def test_the_page_of_a_problem_is_in_korean_too(self, client: AsyncClient) -> None:
        page = await client.get("/docs/problems/users.email_taken", headers=accepting("ko"))
        assert page.headers["content-language"] == "ko"
        assert page.headers["vary"] == VARY
        assert '<html lang="ko">' in page.text
        for text in (
            "이미 계정이 있는 이메일 주소입니다.",
            "다른 이메일 주소를 쓰세요.",
            "해결 방법",
            "안내서",
            "&quot;title&quot;: &quot;이미 계정이 있는 이메일 주소입니다.&quot;",
        ):
            assert text in page.text
        assert "already" not in page.text.partition("<h1>")[2]

    async def test_the_list_of_problems_is_in_korean_too(self, client: AsyncClient) -> None:
        page = await client.get("/docs/problems", headers=accepting("ko"))
        assert page.headers["content-language"] == "ko"
        assert KOREAN in page.text
        assert KOREAN not in (await client.get("/docs/problems")).text
