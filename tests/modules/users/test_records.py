from datetime import timedelta
from typing import Any

from core.kernel.clock import utc_now
from core.wiring.container import CoreContainer
from tests.modules.users.asking import ME, USERS, audited, me, wrong
from tests.people import Person


async def test_a_summary_is_counted_once_a_minute_and_for_each(
    person: Person, stranger: Person
) -> None:
    first, second = [await person.client.get(f"{ME}/summary") for _ in range(2)]
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.json() == second.json()
    assert first.json()["as_of"].endswith("Z")
    assert (await stranger.client.get(f"{ME}/summary")).headers["x-cache"] == "miss"


async def test_a_summary_older_than_a_minute_is_counted_again(users: Any, person: Person) -> None:
    first = await person.client.get(f"{ME}/summary")
    users.records()._clock = lambda: utc_now() + timedelta(seconds=61)
    second = await person.client.get(f"{ME}/summary")
    assert second.headers["x-cache"] == "miss"
    assert second.json()["as_of"] > first.json()["as_of"]


async def test_activity_is_what_was_done_in_ones_name(
    admin: Person, person: Person, stranger: Person
) -> None:
    await person.client.patch(ME, json={"age": 1})
    await stranger.client.patch(ME, json={"age": 2})
    await admin.client.patch(f"{USERS}/{person.id}", json={"age": 3})
    await person.client.patch(ME, json={"name": "A"})
    body = (await person.client.get(f"{ME}/activity", params={"action": "users.change"})).json()
    assert body["total"] == 2
    assert [(each["action"], each["outcome"]) for each in body["data"]] == [
        ("users.change", "refused"),
        ("users.change", "success"),
    ]
    assert {each["actor_id"] for each in body["data"]} == {str(person.id)}


async def test_activity_goes_on_by_cursor(person: Person) -> None:
    for age in range(5):
        await person.client.patch(ME, json={"age": age})
    every = (await person.client.get(f"{ME}/activity")).json()["data"]
    followed, cursor = [], ""
    while cursor is not None:
        answer = await person.client.get(f"{ME}/activity", params={"cursor": cursor, "per_page": 2})
        followed += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
    assert followed == every
    assert wrong(await person.client.get(f"{ME}/activity", params={"sort": "-created_at"}))


async def test_an_export_is_a_file_with_everything_and_on_record(
    person: Person, stranger: Person, core: CoreContainer
) -> None:
    await person.client.patch(ME, json={"age": 50})
    await stranger.client.patch(ME, json={"age": 60})
    answer = await person.client.get(f"{ME}/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="atrium-export-')
    own = answer.json()["data"]["users.profile"]
    assert own["profile"] == await me(person.client)
    assert "users.change" in [each["action"] for each in own["activity"]]
    assert str(stranger.id) not in answer.text and "argon2" not in answer.text
    (row,) = await audited(core, "users.export")
    assert row.actor_id == person.id
