"""`If-Match` for each change: malformed, stale, and on resources without an ETag."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.events.models import Delivery, RecordedEvent, Status
from core.kernel.clock import utc_now
from core.kernel.ids import uuid7
from core.testing import TestUser
from core.wiring.container import CoreContainer

API = "/api/v1"
ME = f"{API}/users/me"


async def session_of(owner: TestUser, _: CoreContainer) -> Any:
    return (await owner.client.get(f"{API}/auth/sessions")).json()["data"][0]["id"]


async def key_of(owner: TestUser, _: CoreContainer) -> Any:
    draft = {"name": "A key", "scopes": ["profile:read"]}
    return (await owner.client.post(f"{API}/auth/api-keys", json=draft)).json()["id"]


async def delivery(_: TestUser, core: CoreContainer) -> Any:
    now = utc_now()
    event = RecordedEvent(
        id=uuid7(), name="a.b", payload="{}", addressed_to=",a.c,", recorded_at=now, due_at=now
    )
    waiting = Delivery(
        event_id=event.id, listener="a.c", status=Status.dead, attempts=9, created_at=now
    )
    async with core.db().transaction() as tx:
        tx.session.add(event)
        await tx.session.flush()
        tx.session.add(waiting)
    return waiting.id


Making = Callable[[TestUser, CoreContainer], Awaitable[Any]]
UNTAGGED: list[tuple[str, str, Making]] = [
    ("user", f"{API}/auth/sessions", session_of),
    ("user", f"{API}/auth/api-keys", key_of),
    ("admin", f"{API}/admin/sessions", session_of),
    ("admin", f"{API}/admin/events", delivery),
]


class TestWithoutAnEtag:
    @pytest.mark.parametrize(("who", "path", "make"), UNTAGGED)
    async def test_a_listed_tag_is_stale_and_a_star_goes_on(
        self,
        core: CoreContainer,
        user: TestUser,
        admin: TestUser,
        who: str,
        path: str,
        make: Making,
    ) -> None:
        address = f"{path}/{await make(user, core)}"
        client = admin.client if who == "admin" else user.client
        for tag in ('"anything"', 'W/"anything"', '"one", "another"'):
            refused = await client.delete(address, headers={"if-match": tag})
            assert (refused.status_code, refused.json()["code"]) == (412, "http.stale"), tag
        for tag in ("anything", "", '"open'):
            refused = await client.delete(address, headers={"if-match": tag})
            assert locations(refused) == ["header.If-Match"], tag
        assert (await client.delete(address, headers={"if-match": "*"})).status_code == 204

    @pytest.mark.parametrize(("who", "path", "make"), UNTAGGED)
    async def test_what_is_not_there_is_not_stale(
        self, user: TestUser, admin: TestUser, who: str, path: str, make: Making
    ) -> None:
        client = admin.client if who == "admin" else user.client
        for tag in ('"anything"', "*"):
            answer = await client.delete(f"{path}/{uuid7()}", headers={"if-match": tag})
            assert answer.status_code == 404

    async def test_another_user_learns_nothing(self, user: TestUser, other_user: TestUser) -> None:
        headers = {"if-match": '"anything"'}
        for path in (f"{API}/admin/events", f"{API}/admin/sessions"):
            answer = await user.client.delete(f"{path}/{uuid7()}", headers=headers)
            assert answer.status_code == 403
        [own] = (await user.client.get(f"{API}/auth/sessions")).json()["data"]
        path = f"{API}/auth/sessions/{own['id']}"
        assert (await other_user.client.delete(path, headers=headers)).status_code == 404


MALFORMED = ["", " ", ",", "abc", 'W/abc', 'w/"abc"', '"abc', 'abc"', '"a" "b"', '"a",b', '*, "a"',
             '"a b"', '"a"x', "\"a\\\"b\"", "null", "1"]  # fmt: skip


class TestMalformed:
    async def test_it_is_invalid_input_and_changes_nothing(self, user: TestUser) -> None:
        whole = {"name": "New Name", "email": user.email}
        for header in MALFORMED:
            for method in ("PATCH", "PUT"):
                headers = {"if-match": header}
                refused = await user.client.request(method, ME, json=whole, headers=headers)
                assert locations(refused) == ["header.If-Match"], header
        assert (await user.client.get(ME)).json()["name"] == "Some Person"

    async def test_a_download_reads_it_too(self, user: TestUser) -> None:
        files = {"file": ("a.txt", b"some text")}
        made = (await user.client.post(f"{API}/files/upload", files=files)).json()["id"]
        for header in MALFORMED:
            headers = {"if-match": header}
            refused = await user.client.get(f"{API}/files/{made}/download", headers=headers)
            assert locations(refused) == ["header.If-Match"], header

    async def test_who_may_not_is_told_that_first(self, user: TestUser, admin: TestUser) -> None:
        headers = {"if-match": "abc"}
        path = f"{API}/admin/users/{admin.id}"
        assert (await user.client.delete(path, headers=headers)).status_code == 403


class TestLists:
    async def test_one_of_several_is_enough(self, user: TestUser) -> None:
        for template in ('"x", {}', "{},", ',, {} ,W/"y"', '"a,b",{}', '""\t,{}'):
            tag = (await user.client.get(ME)).headers["etag"]
            headers = {"if-match": template.format(tag)}
            changed = await user.client.patch(ME, json={"name": "A New Name"}, headers=headers)
            assert changed.status_code == 200, template


def locations(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (400, "http.invalid"), answer.text
    return [each["location"] for each in answer.json()["errors"]]


async def test_a_stale_etag_is_told_what_to_do(user: TestUser) -> None:
    stale = {"if-match": '"00000000.1"'}
    refused = await user.client.patch(ME, json={"name": "Another"}, headers=stale)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (412, "http.stale")
    assert problem["detail"] == "Read the resource again, apply your change, and send the new ETag."


CHANGED_BY_PROXIES = ("{0}", "W/{0}", '{1}-gzip"', '{1}-br"', '{1}-zstd"', 'W/{1}-gzip"')


@pytest.mark.parametrize("form", CHANGED_BY_PROXIES)
async def test_a_tag_that_a_proxy_changed_is_still_that_tag(user: TestUser, form: str) -> None:
    tag = (await user.client.get(ME)).headers["etag"]
    seen = form.format(tag, tag[:-1])
    assert (await user.client.get(ME, headers={"if-none-match": seen})).status_code == 304
    change = {"name": "Changed Once"}
    first = await user.client.patch(ME, json=change, headers={"if-match": f'"other", {seen}'})
    assert first.status_code == 200, first.text
    again = await user.client.patch(ME, json={"name": "No"}, headers={"if-match": seen})
    assert (again.status_code, again.json()["code"]) == (412, "http.stale")


async def test_other_endings_of_a_tag_are_others(user: TestUser) -> None:
    tag = (await user.client.get(ME)).headers["etag"]
    for seen in (f'{tag[:-1]}-deflate"', f'{tag[:-1]}-gzip-gzip"', f'{tag[:-1]}gzip"'):
        refused = await user.client.patch(ME, json={"age": 40}, headers={"if-match": seen})
        assert refused.status_code == 412, seen
