from asyncio import Event, create_task
from collections.abc import AsyncIterator, Iterable

import pytest
from httpx import AsyncClient
from litestar import Litestar

from core.kit import Permission
from core.kit.platform import CacheVersions
from core.testing import CLIENTS, PASSWORD, ROUNDS, CoreContainer, TestUser, at_once, client_of
from tests.modules.users.asking import ME, USERS, audited, code, me, with_key, wrong

WRITES = [("PATCH", ME), ("PUT", ME), ("POST", f"{ME}/deletion")]
READS = [ME, f"{ME}/summary", f"{ME}/activity"]
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"name": "A"}, "name"),
    ({"name": "  A  "}, "name"),
    ({"name": "x" * 51}, "name"),
    ({"name": None}, "name"),
    ({"name": "two\nlines"}, "name"),
    ({"name": "turned\u202earound"}, "name"),
    ({"name": "nul\u0000"}, "name"),
    ({"email": None}, "email"),
    ({"age": -1}, "age"),
    ({"age": 151}, "age"),
    ({"age": "5"}, "age"),
    ({"age": 5.5}, "age"),
    ({"age": True}, "age"),
    ({"locale": "not a tag"}, "locale"),
    ({"locale": "e"}, "locale"),
    ({"current_password": 5}, "current_password"),
    ({"id": "01890000-0000-7000-8000-000000000000"}, "id"),
    ({"roles": ["admin"]}, "roles"),
    ({"permissions": []}, "permissions"),
    ({"is_active": True}, "is_active"),
    ({"email_verified_at": "2026-01-01T00:00:00Z"}, "email_verified_at"),
    ({"created_at": "2026-01-01T00:00:00Z"}, "created_at"),
    ({"password_hash": "x"}, "password_hash"),
    ({"password": "another good one"}, "password"),
    ({"Name": "Camel"}, "Name"),
    ({"__class__": "x"}, "__class__"),
]


async def test_an_anonymous_caller_reads_and_writes_nothing(client: AsyncClient) -> None:
    reads = [("GET", path) for path in (*READS, f"{ME}/export", USERS)]
    for method, path in (*reads, *WRITES, ("POST", USERS)):
        assert code(await client.request(method, path)) == (401, "http.not_signed_in"), path


async def test_a_profile_is_all_of_the_contract(user: TestUser) -> None:
    body = await me(user.client)
    assert body.pop("id") == str(user.id)
    assert body.pop("created_at") == body.pop("updated_at")
    assert "profile:read" in body.pop("permissions")
    assert body == {
        "name": "Some Person",
        "email": "person@example.com",
        "age": None,
        "locale": None,
        "roles": ["member"],
        "email_verified_at": None,
        "pending_email": None,
    }


async def test_a_change_is_seen_at_once_and_by_its_etag(user: TestUser) -> None:
    before = await user.client.get(ME)
    known = {"if-none-match": before.headers["etag"]}
    assert (await user.client.get(ME, headers=known)).status_code == 304
    for number in range(3):
        changed = await user.client.patch(ME, json={"name": f"Name {number}", "age": number})
        assert changed.status_code == 200, changed.text
        read = await user.client.get(ME, headers=known)
        assert read.status_code == 200
        assert read.json() == changed.json()
        assert read.json()["name"] == f"Name {number}" and read.json()["age"] == number
        assert read.headers["etag"] == changed.headers["etag"] != known["if-none-match"]
        known = {"if-none-match": read.headers["etag"]}


async def test_the_same_profile_stands_under_ones_id_with_another_etag(user: TestUser) -> None:
    mine, by_id = [await user.client.get(path) for path in (ME, f"{USERS}/{user.id}")]
    assert mine.json() == by_id.json()
    assert mine.headers["etag"] != by_id.headers["etag"]


async def test_head_answers_as_get(user: TestUser) -> None:
    head, get = await user.client.head(ME), await user.client.get(ME)
    assert head.status_code == 200 and not head.content
    assert head.headers["etag"] == get.headers["etag"]


async def test_a_patch_leaves_what_it_does_not_name(user: TestUser) -> None:
    await user.client.patch(ME, json={"age": 40, "locale": "ko-KR"})
    changed = (await user.client.patch(ME, json={"locale": None})).json()
    assert (changed["age"], changed["locale"], changed["name"]) == (40, None, "Some Person")
    assert (await user.client.patch(ME, json={})).json() == changed


async def test_only_another_locale_invalidates_principals(
    user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []
    advance = CacheVersions.advance

    def spied(versions: CacheVersions, names: Iterable[str]) -> None:
        found.extend(["principals" in names] if "users" in names else [])
        advance(versions, names)

    monkeypatch.setattr(CacheVersions, "advance", spied)
    whole = {"name": "Some Person", "email": "person@example.com", "locale": "ko"}
    for _ in range(2):
        await user.client.patch(ME, json={"locale": "en"})
    for _ in range(2):
        await user.client.put(ME, json=whole)
    assert found == [True, False, True, False]


async def test_a_locale_that_changed_meanwhile_is_compared_with_the_row(user: TestUser) -> None:
    """A second change arrives during the body of the first one."""
    authenticated, changed = Event(), Event()

    async def slow_body() -> AsyncIterator[bytes]:
        yield b'{"locale": '
        authenticated.set()  # the service reads a body after it has authenticated the caller
        await changed.wait()
        yield b'"en"}'

    await user.client.patch(ME, json={"locale": "en"})
    headers = {"content-type": "application/json"}
    slow = create_task(user.client.patch(ME, content=slow_body(), headers=headers))
    await authenticated.wait()
    await user.client.patch(ME, json={"locale": "ko"})
    assert await language_of_errors(user) == "ko"
    changed.set()
    assert (await slow).status_code == 200
    assert (await user.client.get(ME)).json()["locale"] == "en"
    assert await language_of_errors(user) == "en"


async def language_of_errors(user: TestUser) -> str:
    return str((await user.client.get(f"{ME}?unknown=1")).headers["content-language"])


async def test_a_put_clears_what_it_does_not_name(user: TestUser) -> None:
    await user.client.patch(ME, json={"age": 40, "locale": "ko"})
    whole = {"name": "Other Name", "email": "person@example.com"}
    body = (await user.client.put(ME, json=whole)).json()
    assert (body["name"], body["age"], body["locale"]) == ("Other Name", None, None)
    assert wrong(await user.client.put(ME, json={"name": "Some"})) == [("body.email", "missing")]
    by_id = await user.client.put(f"{USERS}/{user.id}", json={"name": "Some"})
    assert wrong(by_id) == [("body.email", "missing")]


async def test_a_wrong_or_unknown_field_is_named_and_nothing_changes(user: TestUser) -> None:
    before = await me(user.client)
    for body, field in REFUSED:
        places = [place for place, _ in wrong(await user.client.patch(ME, json=body))]
        assert places == [f"body.{field}"], body
    assert await me(user.client) == before


async def test_names_are_trimmed_and_normalised(user: TestUser) -> None:
    changed = await user.client.patch(ME, json={"name": "  Jose\u0301 Nu\u0301n\u0303ez "})
    assert changed.json()["name"] == "Jos\u00e9 N\u00fa\u00f1ez"


@pytest.mark.race
async def test_one_of_two_writers_with_one_etag_wins(user: TestUser) -> None:
    for _ in range(ROUNDS):
        seen = (await user.client.get(ME)).headers["etag"]
        answers = await at_once(
            *(
                user.client.patch(ME, json={"age": age}, headers={"if-match": seen})
                for age in range(CLIENTS)
            )
        )
        statuses = sorted(each.status_code for each in answers)
        assert statuses == [200, *[412] * (CLIENTS - 1)]
        winner = next(each for each in answers if each.status_code == 200)
        assert await me(user.client) == winner.json()
    elsewhere = (await user.client.get(f"{USERS}/{user.id}")).headers["etag"]
    stale = await user.client.patch(ME, json={"age": 1}, headers={"if-match": elsewhere})
    assert code(stale) == (412, "http.stale")


async def test_a_change_is_on_record_without_what_was_written(
    user: TestUser, core: CoreContainer
) -> None:
    await user.client.patch(ME, json={"name": "Secret Name", "age": 77})
    await user.client.patch(ME, json={"name": "A"})
    done, refused = await audited(core, "users.change")
    assert (done.actor_id, done.target_id) == (user.id, str(user.id))
    assert (done.outcome, refused.outcome) == ("success", "refused")
    assert sorted(done.changes["fields"]) == ["age", "name"]
    assert "Secret" not in str(done) and "77" not in str(done.changes)


# A new e-mail


async def test_a_new_email_takes_the_password(user: TestUser, core: CoreContainer) -> None:
    new = {"email": "New.Address+tag@Example.COM"}
    for proof in ({}, {"current_password": None}, {"current_password": "not mine at all"}):
        refused = await user.client.patch(ME, json={**new, **proof})
        assert code(refused) == (403, "auth.proof_failed")
    assert (await me(user.client))["email"] == "person@example.com"
    proved = await user.client.patch(ME, json={**new, "current_password": PASSWORD})
    assert proved.status_code == 200, proved.text
    assert proved.json()["email"] == "New.Address+tag@example.com"
    assert proved.json()["pending_email"] is None
    outcomes = [row.outcome for row in await audited(core, "users.change")]
    assert outcomes == ["refused", "refused", "refused", "success"]


async def test_only_the_new_email_signs_in_after_a_change(
    client: AsyncClient, user: TestUser
) -> None:
    async def sign_in(email: str) -> int:
        body = {"email": email, "password": PASSWORD}
        return (await client.post("/api/v1/auth/login", json=body)).status_code

    new = {"email": "new@example.com", "current_password": "not mine at all"}
    assert (await user.client.patch(ME, json=new)).status_code == 403
    assert [await sign_in(each) for each in (user.email, new["email"])] == [200, 401]
    new["current_password"] = PASSWORD
    assert (await user.client.patch(ME, json=new)).status_code == 200
    assert [await sign_in(each) for each in (user.email, new["email"])] == [401, 200]


@pytest.mark.parametrize("path", ["me", "{id}"])
async def test_a_put_proves_a_new_email_too(user: TestUser, path: str) -> None:
    address = f"{USERS}/{path.format(id=user.id)}"
    whole = {"name": "Some Person", "email": "new@example.com"}
    assert code(await user.client.put(address, json=whole)) == (403, "auth.proof_failed")
    proved = await user.client.put(address, json={**whole, "current_password": PASSWORD})
    assert (proved.status_code, proved.json()["email"]) == (200, "new@example.com")


async def test_the_same_email_again_needs_no_proof(user: TestUser) -> None:
    same = await user.client.patch(ME, json={"email": "person@example.com", "age": 5})
    assert (same.status_code, same.json()["age"]) == (200, 5)


async def test_an_email_that_differs_in_case_is_ones_own(user: TestUser) -> None:
    new = {"email": "PERSON@example.com", "current_password": PASSWORD}
    changed = await user.client.patch(ME, json=new)
    assert (changed.status_code, changed.json()["email"]) == (200, "PERSON@example.com")


async def test_an_email_of_somebody_else_is_taken(user: TestUser, other_user: TestUser) -> None:
    new = {"email": "STRANGER@EXAMPLE.com", "name": "Changed", "current_password": PASSWORD}
    assert code(await user.client.patch(ME, json=new)) == (409, "users.email_taken")
    assert (await me(user.client))["name"] == "Some Person"


@pytest.mark.race
async def test_one_of_two_who_want_one_email_gets_it(user: TestUser, other_user: TestUser) -> None:
    both = (user, other_user) * (CLIENTS // 2)
    for number in range(ROUNDS):
        new = {"email": f"wanted{number}@example.com", "current_password": PASSWORD}
        answers = await at_once(*(each.client.patch(ME, json=new) for each in both))
        winners = {each.json()["id"] for each in answers if each.status_code == 200}
        assert len(winners) == 1
        refused = [code(each) for each in answers if each.status_code != 200]
        assert refused == [(409, "users.email_taken")] * (CLIENTS // 2)


@pytest.mark.parametrize("overrides", [{"rate_limit_enabled": True}])
async def test_guessing_the_password_is_slowed(user: TestUser) -> None:
    guesses = [
        await user.client.patch(ME, json={"email": "n@example.com", "current_password": f"{n}"})
        for n in range(6)
    ]
    assert [each.status_code for each in guesses] == [*[403] * 5, 429]
    assert int(guesses[-1].headers["retry-after"]) > 0


# API keys


async def test_a_key_with_the_scope_reads(app: Litestar, user: TestUser) -> None:
    paths = [*READS, f"{USERS}/{user.id}"]
    async with client_of(app, **await with_key(user, "profile:read")) as by_key:
        assert [(await by_key.get(path)).status_code for path in paths] == [200] * 4


async def test_a_key_without_the_scope_reads_nothing(
    app: Litestar, admin: TestUser, core: CoreContainer
) -> None:
    every = [each.name for each in core.contributions().of(Permission) if each.scope]
    others = [name for name in every if name != "profile:read"]
    async with client_of(app, **await with_key(admin, *others)) as by_key:
        for path in (*READS, f"{USERS}/{admin.id}"):
            assert code(await by_key.get(path)) == (403, "auth.insufficient_scope")


async def test_a_key_does_nothing_else(app: Litestar, admin: TestUser) -> None:
    async with client_of(app, **await with_key(admin, "profile:read")) as by_key:
        for method, path in (*WRITES, ("GET", f"{ME}/export"), ("GET", USERS), ("POST", USERS)):
            refused = await by_key.request(method, path)
            assert code(refused) == (403, "auth.key_not_allowed"), path


async def test_a_key_of_an_admin_reads_only_the_admin(
    app: Litestar, admin: TestUser, user: TestUser
) -> None:
    async with client_of(app, **await with_key(admin, "profile:read")) as by_key:
        assert code(await by_key.get(f"{USERS}/{user.id}")) == (404, "users.not_found")
