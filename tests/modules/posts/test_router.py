from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from httpx import AsyncClient

from core.kit.platform import simple_lower
from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once
from tests.api.document import expanded

POSTS = "/api/v1/posts"
POST = {"title": "Hello", "content": "The first 5% of many words."}


async def publish(user: TestUser, **changes: str) -> dict[str, Any]:
    answer = await user.client.post(POSTS, json=POST | changes)
    assert answer.status_code == 201, answer.text
    published: dict[str, Any] = answer.json()
    return published


async def test_an_anonymous_caller_reads_but_does_not_write(
    client: AsyncClient, user: TestUser
) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"
    assert (await client.get(path)).status_code == 200
    assert (await client.get(path)).headers["cache-control"] == "no-cache"
    assert (await client.post(POSTS, json=POST)).status_code == 401
    assert (await client.delete(path)).status_code == 401
    assert (await client.get(POSTS)).json()["total"] == 1


async def test_only_its_author_changes_it(
    user: TestUser, other_user: TestUser, admin: TestUser
) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"
    for answer in (
        await other_user.client.patch(path, json={"title": "mine"}),
        await other_user.client.put(path, json=POST),
        await other_user.client.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "posts.not_yours")
    assert (await admin.client.patch(path, json={"title": "tidied"})).status_code == 200
    assert (await user.client.get(path)).json()["title"] == "tidied"


async def test_an_author_without_the_permission_changes_nothing(
    user: TestUser, admin: TestUser
) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"
    roles = f"/api/v1/admin/users/{user.id}/roles"
    assert (await admin.client.put(roles, json={"roles": []})).status_code == 200
    answer = await user.client.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "http.not_permitted")
    assert "posts:write" in answer.json()["detail"]
    assert (await user.client.get(path)).status_code == 200


async def test_a_put_that_is_to_create_changes_nothing(user: TestUser) -> None:
    """RFC 9110, section 13.1.2."""
    published = await user.client.post(POSTS, json=POST)
    path, tag = f"{POSTS}/{published.json()['id']}", published.headers["etag"]
    for known in ("*", tag, f'"other", W/{tag}'):
        for answer in (
            await user.client.put(path, json=POST, headers={"if-none-match": known}),
            await user.client.delete(path, headers={"if-none-match": known}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (412, "http.stale"), known
            assert answer.json()["detail"] == "If-None-Match matches the current resource."
    korean = {"if-none-match": "*", "accept-language": "ko"}
    refused = await user.client.put(path, json=POST, headers=korean)
    assert refused.json()["detail"] == "현재 리소스가 If-None-Match 조건에 해당합니다."
    assert (await user.client.get(path)).headers["etag"] == tag
    changed = await user.client.put(path, json=POST, headers={"if-none-match": '"other"'})
    assert changed.status_code == 200


@pytest.mark.race
async def test_one_of_the_writers_with_one_etag_wins(user: TestUser) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"

    async def retitle(title: str, seen: str) -> int:
        answer = await user.client.patch(path, json={"title": title}, headers={"if-match": seen})
        return answer.status_code

    for number in range(ROUNDS):  # each title is new, for one that is there already changes nothing
        seen = (await user.client.get(path)).headers["etag"]
        statuses = await at_once(*(retitle(f"{number}.{n}", seen) for n in range(CLIENTS)))
        assert sorted(statuses) == [200] + [412] * (CLIENTS - 1)


async def test_what_was_created_says_where_it_stands(user: TestUser) -> None:
    created = await user.client.post(POSTS, json=POST)
    place = created.headers["location"]
    assert place == f"http://test{POSTS}/{created.json()['id']}"
    read = await user.client.get(place)
    assert read.headers["etag"] == created.headers["etag"]
    unchanged = await user.client.get(place, headers={"if-none-match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_change_changes_the_etag_and_a_patch_leaves_the_rest(user: TestUser) -> None:
    published = await publish(user)
    path = f"{POSTS}/{published['id']}"
    before = (await user.client.get(path)).headers["etag"]
    changed = await user.client.patch(path, json={"title": "New"})
    assert changed.headers["etag"] != before
    assert (changed.json()["title"], changed.json()["content"]) == ("New", POST["content"])
    assert changed.json()["updated_at"] > published["updated_at"]
    assert (await user.client.patch(path, json={"title": None})).status_code == 400


async def test_bad_input_names_the_field(user: TestUser) -> None:
    answer = await user.client.post(POSTS, json={"title": "", "content": "a\u202eb", "more": 1})
    wrong = {each["location"] for each in answer.json()["errors"]}
    assert (answer.status_code, wrong) == (400, {"body.title", "body.content", "body.more"})


async def test_a_list_is_sorted_searched_and_filtered(user: TestUser, other_user: TestUser) -> None:
    for title in "abc":
        await publish(user, title=title)
    await publish(other_user, title="d", content="nothing like it")
    titles = await listed(user, "sort=-title&per_page=2&page=2")
    assert titles == ["b", "a"]
    assert await listed(user, "search=5%25") == ["c", "b", "a"]
    assert await listed(user, f"author_id={other_user.id}") == ["d"]
    assert (await user.client.get(f"{POSTS}?author_id=5")).status_code == 400


async def listed(user: TestUser, query: str) -> list[str]:
    answer = await user.client.get(f"{POSTS}?{query}")
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()["data"]]


async def test_a_list_is_walked_by_cursor(user: TestUser) -> None:
    for number in range(5):
        await publish(user, title=str(number))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await user.client.get(POSTS, params={"cursor": cursor, "per_page": 2})
        seen += [each["title"] for each in answer.json()["data"]]
        cursor = answer.json()["next_cursor"]
    assert seen == ["4", "3", "2", "1", "0"]


async def test_keys_of_an_order_may_be_repeated(user: TestUser) -> None:
    for title in "bab":
        await publish(user, title=title)
    once = await listed(user, "sort=title,-created_at")
    assert once == await listed(user, "sort=title&sort=-created_at") == ["a", "b", "b"]

    first = await user.client.get(f"{POSTS}?sort=title&sort=-created_at&per_page=2&cursor=")
    assert first.headers["link"].count("sort=") == 2
    rest = {"cursor": first.json()["next_cursor"], "sort": "title,-created_at"}
    assert (await user.client.get(POSTS, params=rest)).json()["data"][0]["title"] == "b"
    for query in ("sort=title&sort=title", "sort=title&sort=-title", "sort=&sort=title"):
        assert (await user.client.get(f"{POSTS}?{query}")).status_code == 400, query
    doubled = await user.client.get(f"{POSTS}?page=1&page=1")
    assert doubled.json()["errors"][0]["code"] == "repeated"


async def test_spaces_around_the_keys_of_an_order_say_nothing(user: TestUser) -> None:
    for title in "bab":
        await publish(user, title=title)
    for query in ("-title, created_at", " -title ,created_at ", "-title&sort=%20created_at"):
        spaced = await listed(user, f"sort={query}&cursor=")
        assert spaced == await listed(user, "sort=-title,created_at&cursor=") == ["b", "b", "a"]
    first = await user.client.get(f"{POSTS}?sort=-title, created_at&per_page=1&cursor=")
    rest = {"cursor": first.json()["next_cursor"], "sort": "-title,created_at"}
    assert (await user.client.get(POSTS, params=rest)).json()["data"][0]["title"] == "b"
    for query in ("sort=- title", "sort=%20", "sort=title, ", "sort=title, title", "sort=ti tle"):
        assert (await user.client.get(f"{POSTS}?{query}")).status_code == 400, query


async def test_a_list_has_one_shape_by_page_and_by_cursor(user: TestUser) -> None:
    for title in "abc":
        await publish(user, title=title)

    async def envelope(per_page: int = 2, **query: str | int) -> list[tuple[str, object]]:
        query["per_page"] = per_page
        body = (await user.client.get(POSTS, params=query)).json()
        cursor, titles = body["next_cursor"], [each["title"] for each in body["data"]]
        return [*(body | {"data": titles, "next_cursor": cursor and "…"}).items()]

    def shape(data: list[str], page: int | None, total: int | None, cursor: str | None) -> object:
        return [
            ("data", data), ("per_page", 2), ("page", page), ("total", total),
            ("next_cursor", cursor),
        ]  # fmt: skip

    assert await envelope() == shape(["c", "b"], 1, 3, None)
    assert await envelope(page=2) == shape(["a"], 2, 3, None)
    assert await envelope(page=3) == shape([], 3, 3, None)
    assert await envelope(cursor="") == shape(["c", "b"], None, None, "…")
    assert await envelope(cursor="", total="true") == shape(["c", "b"], None, 3, "…")
    assert await envelope(cursor="", page=1) == shape(["c", "b"], None, None, "…")
    assert await envelope(cursor="", per_page=3) == [
        ("data", ["c", "b", "a"]), ("per_page", 3), ("page", None), ("total", None),
        ("next_cursor", None),
    ]  # fmt: skip


async def test_a_cursor_is_good_for_its_own_list_only(user: TestUser) -> None:
    for title in "ab":
        await publish(user, title=title)
    first = await user.client.get(POSTS, params={"cursor": "", "per_page": 1, "total": "true"})
    cursor = first.json()["next_cursor"]
    assert first.json()["total"] == 2
    for query in (
        {"cursor": cursor, "sort": "title"},
        {"cursor": cursor, "page": 2},
        {"cursor": cursor[:-2] + "AA"},
        {"cursor": "x"},
    ):
        assert (await user.client.get(POSTS, params=query)).status_code == 400, query


async def test_a_post_goes_with_its_author(
    user: TestUser, admin: TestUser, core: CoreContainer
) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"
    assert (await admin.client.delete(f"/api/v1/admin/users/{user.id}")).status_code == 204
    await core.relay().deliver_all()
    assert (await admin.client.get(path)).status_code == 404


async def test_a_post_goes(user: TestUser) -> None:
    path = f"{POSTS}/{(await publish(user))['id']}"
    assert (await user.client.delete(path)).status_code == 204
    assert (await user.client.get(path)).json()["code"] == "posts.not_found"


async def test_a_list_is_narrowed_to_a_range_of_moments(user: TestUser) -> None:
    moments = [(await publish(user))["created_at"] for _ in range(3)]

    async def total(**ends: str) -> int:
        answer = await user.client.get(POSTS, params=ends)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]) == answer.json()["total"]
        found: int = answer.json()["total"]
        return found

    assert await total(created_at_gte=moments[1]) == 2
    assert await total(created_at_gt=moments[1]) == 1
    assert await total(created_at_lte=moments[1]) == 2
    assert await total(created_at_lt=moments[1]) == 1
    assert await total(created_at_gt=moments[0], created_at_lt=moments[2], sort="title") == 1
    east = datetime.fromisoformat(moments[1]).astimezone(timezone(timedelta(hours=9)))
    assert await total(created_at_gte=east.isoformat()) == 2


@pytest.mark.parametrize(
    "query",
    [
        *("created_at_gte=2026-01-01T00:00:00", "created_at_gte=1767225600", "created_at_gte="),
        *("created_at_gte=2026-01-01", "created_at_lt=soon", "created_at_ge=2026-01-01T00:00:00Z"),
        *("title_gte=A", "created_at_gt=2026-01-01T00:00:00Z&created_at_gt=2027-01-01T00:00:00Z"),
    ],
)
async def test_the_end_of_a_range_is_one_moment_with_its_offset(
    client: AsyncClient, query: str
) -> None:
    answer = await client.get(f"{POSTS}?{query}")
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["location"] == f"query.{query.partition('=')[0]}"


async def test_every_list_with_a_moment_offers_its_range(admin: TestUser) -> None:
    document = expanded((await admin.client.get("/docs/openapi.json")).json())
    offered = 0
    for path, operations in document["paths"].items():
        parameters = {
            each["name"]: each for each in operations.get("get", {}).get("parameters", ())
        }
        keys = parameters.get("sort", {}).get("schema", {}).get("items", {}).get("enum", ())
        for key in {"created_at", "at"} & {*keys}:
            for comparison in ("gte", "gt", "lte", "lt"):
                assert parameters[f"{key}_{comparison}"]["schema"]["format"] == "date-time", path
                offered += 1
    assert offered >= 40


async def test_search_folds_what_is_stored_and_what_is_asked(user: TestUser) -> None:
    titles = ["İstanbul", "Οδός Ερμού", "Äpfel", "Straße", "사랑해요 여러분", "Ёлка"]
    for title in titles:
        await publish(user, title=title, content="…")

    async def found(text: str) -> list[str]:
        answer = await user.client.get(POSTS, params={"search": text})
        assert answer.json()["total"] == len(answer.json()["data"])
        return [each["title"] for each in answer.json()["data"]]

    for title in titles:
        for text in (title, simple_lower(title), title[:2], title[:3]):
            assert title in await found(text), text
    assert await found("istanbul") == await found("ISTANBUL") == ["İstanbul"]
    assert await found("ΟΔΟΣ ΕΡΜΟΥ") == await found("οδος") == ["Οδός Ερμού"]
    assert await found("apfel") == await found("ÄPF") == ["Äpfel"]
    assert await found("여러") == await found("러분") == await found("러") == ["사랑해요 여러분"]
    assert await found("елка") == ["Ёлка"] and await found("strasse") == []


async def test_titles_are_sorted_without_case_and_accents(user: TestUser) -> None:
    for title in ("Banana", "Äpfel", "apple", "Zebra", "가나", "Ωμέγα"):
        await publish(user, title=title)
    ordered = ["Äpfel", "apple", "Banana", "Zebra", "Ωμέγα", "가나"]
    for query in ({"per_page": "100"}, {"cursor": ""}):
        answer = await user.client.get(POSTS, params={"sort": "title", **query})
        assert [each["title"] for each in answer.json()["data"]] == ordered
    path = f"{POSTS}/{answer.json()['data'][0]['id']}"
    assert "title_folded" not in (await user.client.get(path)).json()
    await user.client.patch(path, json={"title": "Ål"})
    answer = await user.client.get(POSTS, params={"sort": "-title"})
    assert [each["title"] for each in answer.json()["data"]][-1] == "Ål"
