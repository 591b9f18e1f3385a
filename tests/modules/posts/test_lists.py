"""Lists of posts: sorted, searched, filtered, and read by cursor."""

from datetime import datetime, timedelta, timezone

import pytest
from httpx import AsyncClient

from core.kit.platform import simple_lower
from core.testing import TestUser
from tests.api.document import expanded
from tests.modules.posts.publishing import POSTS, publish


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
