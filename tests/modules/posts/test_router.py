import pytest
from httpx import AsyncClient

from core.testing import CLIENTS, ROUNDS, CoreContainer, TestUser, at_once
from tests.modules.posts.publishing import POST, POSTS, publish


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
    """RFC 9110, section 13.1.2, requires this."""
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

    for number in range(ROUNDS):  # each title is new, because an equal title changes nothing
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
