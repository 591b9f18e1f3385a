"""Who may call which route: the table below is the whole answer, and each cell of it is tried.

Each write also has its one row in the audit trail, whatever comes of it.

The things in a path belong to `user`. The two keys are of whoever the row lets in, `user` or else
`admin`: one carries every scope that person can give, the other one that the route does not take.
The one route that takes a token and a key together is tried with both in
`tests/modules/admin/test_operations.py`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import select

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.audit import AuditEntry
from core.kernel.ids import uuid7
from core.testing import PASSWORD, Person, client_of, register
from core.testing.databases import Databases
from core.web.assets import asset_url
from core.web.route_options import options_of
from core.wiring.plugin import CorePlugin
from core.wiring.registry import discover
from core.wiring.routes import operations_of
from modules.users.models import User

TABLE = """
                                                    nobody user other admin disabled key bare_key
GET    /                                            200    200  200   200   200      200 200
GET    /.well-known/jwks.json                       200    200  200   200   200      200 200
GET    /api/v1/admin/audit                          401    403  403   200   401      403 403
GET    /api/v1/admin/events                         401    403  403   200   401      403 403
DELETE /api/v1/admin/events/{event_id}              401    403  403   404   401      403 403
POST   /api/v1/admin/events/{event_id}/retry        401    403  403   404   401      403 403
GET    /api/v1/admin/files                          401    403  403   200   401      403 403
DELETE /api/v1/admin/files/{file_id}                401    403  403   204   401      403 403
GET    /api/v1/admin/maintenance                    401    403  403   200   401      403 403
POST   /api/v1/admin/maintenance                    401    403  403   200   401      403 403
GET    /api/v1/admin/modules                        401    403  403   200   401      403 403
GET    /api/v1/admin/permissions                    401    403  403   200   401      403 403
GET    /api/v1/admin/sessions                       401    403  403   200   401      403 403
DELETE /api/v1/admin/sessions/{session_id}          401    403  403   204   401      403 403
GET    /api/v1/admin/stats                          401    401  401   401   401      401 401
GET    /api/v1/admin/users                          401    403  403   200   401      403 403
POST   /api/v1/admin/users                          401    403  403   201   401      403 403
DELETE /api/v1/admin/users/{user_id}                401    403  403   204   401      403 403
GET    /api/v1/admin/users/{user_id}                401    403  403   200   401      403 403
PATCH  /api/v1/admin/users/{user_id}                401    403  403   200   401      403 403
POST   /api/v1/admin/users/{user_id}/disable        401    403  403   204   401      403 403
POST   /api/v1/admin/users/{user_id}/enable         401    403  403   204   401      403 403
POST   /api/v1/admin/users/{user_id}/logout         401    403  403   204   401      403 403
GET    /api/v1/admin/users/{user_id}/roles          401    403  403   200   401      403 403
PUT    /api/v1/admin/users/{user_id}/roles          401    403  403   200   401      403 403
GET    /api/v1/auth/api-keys                        401    200  200   200   401      403 403
POST   /api/v1/auth/api-keys                        401    201  201   201   401      403 403
DELETE /api/v1/auth/api-keys/{key_id}               401    204  404   404   401      403 403
POST   /api/v1/auth/login                           200    200  200   200   401      403 403
POST   /api/v1/auth/logout                          401    204  204   204   401      403 403
POST   /api/v1/auth/logout-all                      401    204  204   204   401      403 403
POST   /api/v1/auth/password/change                 401    204  204   204   401      403 403
POST   /api/v1/auth/refresh                         200    200  200   200   401      403 403
POST   /api/v1/auth/register                        201    201  201   201   201      403 403
POST   /api/v1/auth/revoke                          200    200  200   200   200      403 403
GET    /api/v1/auth/sessions                        401    200  200   200   401      403 403
DELETE /api/v1/auth/sessions/{session_id}           401    204  404   404   401      403 403
POST   /api/v1/auth/step-up                         401    204  204   204   401      403 403
POST   /api/v1/auth/token                           200    200  200   200   400      403 403
GET    /api/v1/files                                401    200  200   200   401      200 403
DELETE /api/v1/files/direct                         404    404  404   404   404      404 404
GET    /api/v1/files/direct                         404    404  404   404   404      404 404
OPTIONS /api/v1/files/direct                         404    404  404   404   404      404 404
PATCH  /api/v1/files/direct                         404    404  404   404   404      404 404
POST   /api/v1/files/direct                         404    404  404   404   404      404 404
PUT    /api/v1/files/direct                         404    404  404   404   404      404 404
DELETE /api/v1/files/resumable                      404    404  404   404   404      404 404
GET    /api/v1/files/resumable                      404    404  404   404   404      404 404
OPTIONS /api/v1/files/resumable                      404    404  404   404   404      404 404
PATCH  /api/v1/files/resumable                      404    404  404   404   404      404 404
POST   /api/v1/files/resumable                      404    404  404   404   404      404 404
PUT    /api/v1/files/resumable                      404    404  404   404   404      404 404
DELETE /api/v1/files/trash                          404    404  404   404   404      404 404
GET    /api/v1/files/trash                          404    404  404   404   404      404 404
OPTIONS /api/v1/files/trash                          404    404  404   404   404      404 404
PATCH  /api/v1/files/trash                          404    404  404   404   404      404 404
POST   /api/v1/files/trash                          404    404  404   404   404      404 404
PUT    /api/v1/files/trash                          404    404  404   404   404      404 404
POST   /api/v1/files/upload                         401    201  201   201   401      201 403
POST   /api/v1/files/upload-multiple                401    201  201   201   401      201 403
GET    /api/v1/files/usage                          401    200  200   200   401      200 403
DELETE /api/v1/files/{file_id}                      401    204  404   204   401      204 403
GET    /api/v1/files/{file_id}                      401    200  404   200   401      200 403
PATCH  /api/v1/files/{file_id}                      401    200  404   200   401      200 403
GET    /api/v1/files/{file_id}/download             401    200  404   403   401      200 403
GET    /api/v1/hello/{name}                         200    200  200   200   401      200 200
GET    /api/v1/posts                                200    200  200   200   401      200 200
POST   /api/v1/posts                                401    201  201   201   401      201 403
DELETE /api/v1/posts/{post_id}                      401    204  403   204   401      204 403
GET    /api/v1/posts/{post_id}                      200    200  200   200   401      200 200
PATCH  /api/v1/posts/{post_id}                      401    200  403   200   401      200 403
PUT    /api/v1/posts/{post_id}                      401    200  403   200   401      200 403
GET    /api/v1/users                                401    403  403   200   401      403 403
POST   /api/v1/users                                401    403  403   201   401      403 403
GET    /api/v1/users/me                             401    200  200   200   401      200 403
PATCH  /api/v1/users/me                             401    200  200   200   401      403 403
PUT    /api/v1/users/me                             401    200  200   200   401      403 403
GET    /api/v1/users/me/activity                    401    200  200   200   401      200 403
POST   /api/v1/users/me/deletion                    401    202  202   202   401      403 403
GET    /api/v1/users/me/export                      401    200  200   200   401      403 403
GET    /api/v1/users/me/summary                     401    200  200   200   401      200 403
DELETE /api/v1/users/{user_id}                      401    403  404   204   401      403 403
GET    /api/v1/users/{user_id}                      401    200  404   200   401      200 403
PATCH  /api/v1/users/{user_id}                      401    200  404   200   401      403 403
PUT    /api/v1/users/{user_id}                      401    200  404   200   401      403 403
DELETE /api/v1/{path}                               404    404  404   404   404      404 404
GET    /api/v1/{path}                               404    404  404   404   404      404 404
OPTIONS /api/v1/{path}                              404    404  404   404   404      404 404
PATCH  /api/v1/{path}                               404    404  404   404   404      404 404
POST   /api/v1/{path}                               404    404  404   404   404      404 404
PUT    /api/v1/{path}                               404    404  404   404   404      404 404
TRACE  /api/v1/{path}                               404    404  404   404   404      404 404
GET    /docs                                        200    200  200   200   200      200 200
GET    /docs/guides                                 200    200  200   200   200      200 200
GET    /docs/guides/{name}                          200    200  200   200   200      200 200
GET    /docs/openapi.json                           200    200  200   200   200      200 200
GET    /docs/problems                               200    200  200   200   200      200 200
GET    /docs/problems/{code}                        200    200  200   200   200      200 200
GET    /health                                      200    200  200   200   200      200 200
GET    /health/live                                 200    200  200   200   200      200 200
GET    /health/ready                                200    200  200   200   200      200 200
GET    /metrics                                     200    200  200   200   200      200 200
GET    /static/{name}                               200    200  200   200   200      200 200
"""


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    statuses: dict[str, int]


def rows_of(table: str) -> list[Row]:
    """Without those of a sample module whose folder was deleted."""
    names, *lines = (line.split() for line in table.strip().splitlines())
    gone = tuple(f"/api/v1/{each}" for each in {"hello", "posts"} - discover().keys())
    return [
        Row(method, path, dict(zip(names, map(int, statuses), strict=True)))
        for method, path, *statuses in lines
        if not path.startswith(gone)
    ]


ROWS = rows_of(TABLE)


@dataclass(frozen=True)
class Cell:
    """A fresh request: who asks, and whose things it is about."""

    row: Row
    owner: Person
    asking: Person | None

    @property
    def who(self) -> Person:
        """Whose credentials go into a body."""
        return self.asking or self.owner


Body = Callable[[Cell], dict[str, Any]]
NEW_PASSWORD = "another horse another battery"
numbers = count()


def json(**fields: Any) -> Body:
    return lambda _: {"json": fields}


def no_body(_: Cell) -> dict[str, Any]:
    return {}


def new_person(_: Cell) -> dict[str, Any]:
    email = f"new{next(numbers)}@example.com"
    return {"json": {"name": "New Person", "email": email, "password": PASSWORD}}


def upload_of(field: str) -> Body:
    return lambda _: {"files": {field: ("a.txt", b"some text")}}


def profile(cell: Cell) -> dict[str, Any]:
    whose = cell.owner if "{user_id}" in cell.row.path else cell.who
    return {"json": {"name": "New Name", "email": whose.email}}


def password(cell: Cell) -> dict[str, Any]:
    return {"json": {"email": cell.who.email, "password": PASSWORD}}


def password_form(cell: Cell) -> dict[str, Any]:
    form = {"grant_type": "password", "username": cell.who.email, "password": PASSWORD}
    return {"data": form}


def refresh_token(cell: Cell) -> dict[str, Any]:
    return {"json": {"refresh_token": cell.who.tokens["refresh_token"]}}


API = "/api/v1"
SCOPES = {"profile:read", "files:read", "files:write", "posts:write", "stats:read"}
POST = json(title="A title", content="Some content")
BODIES: dict[str, Body] = {
    f"POST {API}/admin/maintenance": json(enabled=False),
    f"POST {API}/admin/users": new_person,
    f"PATCH {API}/admin/users/{{user_id}}": json(name="New Name"),
    f"PUT {API}/admin/users/{{user_id}}/roles": json(roles=["member"]),
    f"POST {API}/auth/api-keys": json(name="A key", scopes=["profile:read"]),
    f"POST {API}/auth/login": password,
    f"POST {API}/auth/password/change": json(current_password=PASSWORD, new_password=NEW_PASSWORD),
    f"POST {API}/auth/refresh": refresh_token,
    f"POST {API}/auth/register": new_person,
    f"POST {API}/auth/revoke": lambda cell: {"data": {"token": cell.who.tokens["access_token"]}},
    f"POST {API}/auth/step-up": json(password=PASSWORD),
    f"POST {API}/auth/token": password_form,
    f"POST {API}/files/upload": upload_of("file"),
    f"POST {API}/files/upload-multiple": upload_of("files"),
    f"PATCH {API}/files/{{file_id}}": json(visibility="private"),
    f"POST {API}/posts": POST,
    f"PUT {API}/posts/{{post_id}}": POST,
    f"PATCH {API}/posts/{{post_id}}": json(title="Another title"),
    f"POST {API}/users": new_person,
    f"PUT {API}/users/me": profile,
    f"PATCH {API}/users/me": json(name="New Name"),
    f"POST {API}/users/me/deletion": json(password=PASSWORD),
    f"PUT {API}/users/{{user_id}}": profile,
    f"PATCH {API}/users/{{user_id}}": json(name="New Name"),
}


async def new_post(owner: Person) -> Any:
    made = await owner.client.post(f"{API}/posts", json={"title": "A", "content": "B"})
    return made.json()["id"]


async def new_file(owner: Person) -> Any:
    sent = {"file": ("a.txt", b"some text")}
    return (await owner.client.post(f"{API}/files/upload", files=sent)).json()["id"]


async def new_key(owner: Person) -> Any:
    body = {"name": "A key", "scopes": ["profile:read"]}
    return (await owner.client.post(f"{API}/auth/api-keys", json=body)).json()["id"]


async def first_session(owner: Person) -> Any:
    return (await owner.client.get(f"{API}/auth/sessions")).json()["data"][0]["id"]


async def own_id(owner: Person) -> Any:
    return owner.id


async def no_event(_: Person) -> Any:
    return uuid7()


THINGS = {
    "{post_id}": new_post,
    "{file_id}": new_file,
    "{key_id}": new_key,
    "{session_id}": first_session,
    "{user_id}": own_id,
    "{event_id}": no_event,
}
UNKNOWN = f"{API}/{{path}}"
"""A path that no route has."""
NAMES = {
    f"{API}/hello/{{name}}": f"{API}/hello/World",
    "/static/{name}": asset_url("atrium.css"),
    "/docs/guides/{name}": "/docs/guides/first-steps",
    "/docs/problems/{code}": "/docs/problems/http.not_found",
}


@pytest.fixture(scope="module")
async def application(
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    log_lines: LogWriter,
    anyio_backend: str,
) -> AsyncIterator[Litestar]:
    """One for all cells: each brings people of its own."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    settings = Settings(
        environment="test",
        data_dir=folder,
        database_url=SecretStr(databases.fresh("sqlite", folder)),
        public_url="http://test",
        allowed_hosts=("test",),
        rate_limit_enabled=False,
    )
    app = create_app(settings, lines=log_lines)
    async with app.lifespan():
        yield app


@pytest.fixture(scope="module")
async def disabled(application: Litestar, anyio_backend: str) -> AsyncIterator[Person]:
    """Somebody who might do everything, were it not for that."""
    async with register(application, "out@example.com", "Former Admin", ("admin",)) as person:
        await disable(application, person.id)
        yield person


async def disable(app: Litestar, user_id: UUID) -> None:
    db = app.plugins.get(CorePlugin).container.db()
    async with db.transaction() as tx:
        (await tx.session.get_one(User, user_id)).is_active = False
        tx.invalidate("principals")


def test_every_route_has_its_row_and_every_row_its_route(application: Litestar) -> None:
    routes = {
        (method, route.path_format)
        for route, handler in operations_of(application.routes)
        for method in handler.http_methods
    }
    rows = [(row.method, row.path) for row in ROWS if row.path != UNKNOWN]
    assert sorted(rows) == sorted(routes)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_each_is_answered_as_the_table_says(
    application: Litestar, disabled: Person, row: Row
) -> None:
    found, outcomes, expected = {}, {}, {}
    for column in row.statuses:
        async with AsyncExitStack() as people:
            answer = await ask(application, people, disabled, row, column)
        found[column] = answer.status_code
        if action := action_of(application, row):
            outcomes[column] = await recorded(application, action, answer)
            expected[column] = ["success" if answer.is_success else "refused"]
    assert found == row.statuses
    assert outcomes == expected


def action_of(app: Litestar, row: Row) -> str | None:
    """What the audit trail calls it: every write, and of reads a few."""
    action: str | None
    if row.path == UNKNOWN:
        return None
    [action] = [
        options_of(handler).audit
        for route, handler in operations_of(app.routes)
        if route.path_format == row.path and row.method in handler.http_methods
    ]
    return action


async def recorded(app: Litestar, action: str, answer: Response) -> list[str]:
    """What the audit trail says came of this request."""
    asked = AuditEntry.request_id == answer.headers["x-request-id"]
    named = AuditEntry.action.in_(("auth.login", action) if action == "auth.token" else (action,))
    outcomes = select(AuditEntry.outcome).where(asked, named)
    async with app.plugins.get(CorePlugin).container.db().read() as reads:
        return [*(await reads.scalars(outcomes))]


async def ask(
    app: Litestar, people: AsyncExitStack, disabled: Person, row: Row, column: str
) -> Response:
    owner = await someone(app, people)
    asking, client = await caller(app, people, owner, disabled, row, column)
    body_of = BODIES.get(f"{row.method} {row.path}", no_body)
    request = body_of(Cell(row, owner, asking))
    path = NAMES.get(row.path, row.path)
    for name, new in THINGS.items():
        if name in path:
            path = path.replace(name, str(await new(owner)))
    if row.method == "GET":
        head = await client.head(path)
        assert head.status_code == (await client.get(path)).status_code
    return await client.request(row.method, path, **request)


async def caller(
    app: Litestar, people: AsyncExitStack, owner: Person, disabled: Person, row: Row, column: str
) -> tuple[Person | None, AsyncClient]:
    match column:
        case "nobody":
            return None, await people.enter_async_context(client_of(app))
        case "user":
            return owner, owner.client
        case "disabled":
            return disabled, disabled.client
        case "other":
            other = await someone(app, people)
            return other, other.client
        case "admin":
            admin = await someone(app, people, "admin")
            return admin, admin.client
    lets_user_in = row.statuses["user"] < 300
    holder = owner if lets_user_in else await someone(app, people, "admin")
    bare = "files:read" if "/users/" in row.path else "profile:read"
    scopes = [bare] if column == "bare_key" else await scopes_of(holder)
    return holder, await keyed(app, people, holder, scopes)


async def scopes_of(holder: Person) -> list[str]:
    """All that a key of theirs can carry."""
    permissions = (await holder.client.get(f"{API}/users/me")).json()["permissions"]
    return [each for each in permissions if each in SCOPES]


async def someone(app: Litestar, people: AsyncExitStack, *roles: str) -> Person:
    email = f"person{next(numbers)}@example.com"
    return await people.enter_async_context(register(app, email, "Some Person", roles))


async def keyed(
    app: Litestar, people: AsyncExitStack, holder: Person, scopes: list[str]
) -> AsyncClient:
    body = {"name": "A key", "scopes": scopes}
    made = await holder.client.post(f"{API}/auth/api-keys", json=body)
    assert made.status_code == 201, made.text
    headers = {"X-API-Key": made.json()["key"]}
    return await people.enter_async_context(client_of(app, **headers))
