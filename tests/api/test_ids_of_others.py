"""Each write, with the id of another user at each possible location (AZ-02)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response
from litestar import Litestar

from core.testing import TestUser, register
from core.wiring.container import CoreContainer
from tests.api.document import API, Operation, operations, send
from tests.api.holdings import everything, things_of

FIELDS = ("id", "owner_id", "user_id", "author_id", "account_id", "on_behalf_of", "sub")
HEADERS = ("x-user-id", "x-owner-id", "x-forwarded-user", "x-remote-user", "x-on-behalf-of", "from")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
Names = dict[str, str]


@dataclass(frozen=True)
class Attempt:
    """The requests to one operation, with the documented example of a body."""

    user: TestUser
    operation: Operation

    @property
    def kind(self) -> str | None:
        return next(iter(self.operation.bodies), None)

    @property
    def body(self) -> dict[str, Any]:
        """The body that is valid for this user."""
        example: dict[str, Any] = self.operation.bodies[self.kind or ""]["example"]
        theirs = {
            "email": self.user.email,
            "username": self.user.email,
            "token": self.user.tokens["refresh_token"],
            "refresh_token": self.user.tokens["refresh_token"],
        }
        return example | {name: each for name, each in theirs.items() if name in example}

    async def on(self, things: Names, names: Names | None = None, **more: Any) -> Response:
        client, method, path = self.user.client, self.operation.method, self.operation.at(things)
        if self.kind == MULTIPART:
            field = self.operation.bodies[self.kind]["schema"]["required"][0]
            files = {field: ("a.txt", b"some text")}
            return await client.request(method, path, files=files, data=names, **more)
        if self.kind:
            return await send(client, method, path, self.kind, self.body | (names or {}), **more)
        if names:
            return await send(client, method, path, "application/json", names, **more)
        return await client.request(method, path, **more)

    @property
    def passes_names_over(self) -> bool:
        """Whether further fields are ignored: in forms, and in the body of a DELETE."""
        return self.kind in (FORM, MULTIPART) or self.operation.method == "DELETE"

    async def refused(self, things: Names, other: UUID) -> None:
        """Check that each name is refused, in the query and in the body."""
        every = dict.fromkeys(FIELDS, str(other))
        must_be_named(await self.on(things, params=every), "query", every)
        if not self.passes_names_over:
            must_be_named(await self.on(things, every), "body", every)


def must_be_named(answer: Response, where: str, names: Names) -> None:
    """Check that the response reports each name, or refuses the whole request."""
    if answer.status_code != 403:
        assert answer.status_code == 400, answer.text
        wrong = {each["location"] for each in answer.json()["errors"]}
        assert {f"{where}.{name}" for name in names} <= wrong, answer.text


async def test_an_id_of_somebody_elses_is_refused_in_every_body_and_query(
    client: AsyncClient, user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    """AZ-02; a user who names themselves as the owner gets no access either."""
    own, theirs = await things_of(user), await things_of(other_user)
    before = await everything_of(core, other_user, theirs)
    assert {"users", "auth_sessions", "auth_api_keys", "files"} <= before.keys()
    for operation in await writes(client):
        attempt = Attempt(user, operation)
        await attempt.refused(own, other_user.id)
        if "{" in operation.path:
            for names in (None, dict.fromkeys(FIELDS, str(user.id))):
                answer = await attempt.on(theirs, names)
                assert answer.status_code in (400, 403, 404), (operation.name, answer.text)
    assert await everything_of(core, other_user, theirs) == before


async def test_where_it_is_not_refused_it_is_passed_over(
    app: Litestar, client: AsyncClient, other_user: TestUser, core: CoreContainer
) -> None:
    """AZ-02: in header fields, in OAuth forms and with DELETE; each act is the caller's own."""
    theirs, done = await things_of(other_user), 0
    before = await everything_of(core, other_user, theirs)
    names, headers = (dict.fromkeys(each, str(other_user.id)) for each in (FIELDS, HEADERS))
    for number, operation in enumerate(await writes(client)):
        if operation.path.startswith(f"{API}/admin"):
            continue
        async with register(app, f"ada{number}@example.com", "Ada Lovelace") as user:
            attempt, own = Attempt(user, operation), await things_of(user)
            sent = names if attempt.passes_names_over else None
            answer = await attempt.on(own, sent, headers=headers)
        assert answer.is_success or answer.status_code in (400, 403, 409), answer.text
        assert str(other_user.id) not in answer.text
        done += answer.is_success
    assert done > 15
    assert await everything_of(core, other_user, theirs) == before


async def writes(client: AsyncClient) -> list[Operation]:
    return [each for each in await operations(client) if each.is_write]


async def everything_of(core: CoreContainer, user: TestUser, things: Names) -> dict[str, Any]:
    """Return the responses to the reads of the user, and each row of any table with their id."""
    content = await user.client.get(f"{API}/files/{things['file_id']}/download")
    activity = await user.client.get(f"{API}/users/me/activity")
    found: dict[str, Any] = {"content": content.content, "activity": activity.json()}
    for table, rows in (await everything(core)).items():
        if mentioning := [each for each in rows if str(user.id) in each]:
            found[table] = mentioning
    return found
