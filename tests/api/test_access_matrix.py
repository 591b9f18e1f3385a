"""The access tables of core and of the modules: each route has a row, and each cell is tested.

`tests/modules/<module>/access.py` has the table of a module, `tests/api/access.py` that of core.
Each write also adds one row to the audit log, with any outcome.

The one route that accepts a token and a key together is tested with both in
`tests/modules/admin/test_operations.py`.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
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
from core.kernel.principal import Permission
from core.testing import AccessRequest, AccessTable, TestUser, client_of, core_of, register
from core.testing.access import AccessRow
from core.testing.databases import Databases
from core.web.route_options import options_of
from core.wiring.options import giver_of
from core.wiring.routes import operations_of
from modules.users.models import User
from tests.api.access_tables import OWNERS, ROWS, TABLES, file_of

API = "/api/v1"
UNKNOWN = f"{API}/{{path}}"
"""A path without a route."""
numbers = count()


@pytest.fixture(scope="module")
async def application(
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    log_lines: LogWriter,
    anyio_backend: str,
) -> AsyncIterator[Litestar]:
    """Yield one application for all cells; each cell creates its own users."""
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
async def disabled(application: Litestar, anyio_backend: str) -> AsyncIterator[TestUser]:
    """Yield a disabled user who has every permission."""
    async with register(application, "out@example.com", "Former Admin", ("admin",)) as user:
        await disable(application, user.id)
        yield user


@pytest.fixture(scope="module")
async def helper(application: Litestar, anyio_backend: str) -> AsyncIterator[TestUser]:
    """Yield an admin who creates the resources that their owners may not create."""
    async with register(application, "helper@example.com", "An Admin", ("admin",)) as user:
        yield user


async def disable(app: Litestar, user_id: UUID) -> None:
    db = core_of(app).db()
    async with db.transaction() as tx:
        (await tx.session.get_one(User, user_id)).is_active = False
        tx.invalidate("principals")


def complaints(owner: str, rows: Iterable[str], routes: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each row that is missing or has no route."""
    had, needed = Counter(rows), Counter(routes)
    for route in needed - had:
        yield f"{route} has no row: add it to ACCESS in {file_of(owner)}."
    for route in had - needed:
        yield f"{route} is no route of {owner}, or has a second row: remove it in {file_of(owner)}."


@pytest.mark.parametrize("owner", OWNERS)
def test_every_route_has_its_row_and_every_row_its_route(application: Litestar, owner: str) -> None:
    routes = [
        f"{method} {route.path_format}"
        for route, handler in operations_of(application.routes)
        if giver_of(handler) == owner
        for method in handler.http_methods
    ]
    rows = [row.route for its, row in ROWS if its == owner and row.path != UNKNOWN]
    found = [*complaints(owner, rows, routes)]
    assert not found, "\n".join(found)


def test_the_author_is_asked_for_a_row_that_is_missing_or_too_many() -> None:
    rows = ["GET /a", "GET /twice", "GET /twice", "GET /gone"]
    assert [*complaints("notes", rows, ["GET /a", "GET /twice", "POST /new"])] == [
        "POST /new has no row: add it to ACCESS in tests/modules/notes/access.py.",
        "GET /twice is no route of notes, or has a second row: "
        "remove it in tests/modules/notes/access.py.",
        "GET /gone is no route of notes, or has a second row: "
        "remove it in tests/modules/notes/access.py.",
    ]


@pytest.mark.parametrize("row", ["GET /a 200 200", "GET /a 1 2 3 4 5 6 7 8", "GET"])
def test_a_row_has_a_status_for_each_caller(row: str) -> None:
    table = AccessTable(f"anonymous user other admin disabled key bare_key\n{row}")
    with pytest.raises(ValueError, match=f"{row}: a row has a status for each of anonymous, user"):
        list(table.rows)


@pytest.mark.parametrize(("owner", "row"), ROWS, ids=[row.route for _, row in ROWS])
async def test_each_is_answered_as_the_table_says(
    application: Litestar, disabled: TestUser, helper: TestUser, owner: str, row: AccessRow
) -> None:
    table = TABLES[owner]
    found, outcomes, expected = {}, {}, {}
    for column in row.statuses:
        async with AsyncExitStack() as people:
            answer = await ask(application, people, disabled, helper, table, row, column)
        found[column] = answer.status_code
        if action := action_of(application, row):
            outcomes[column] = await recorded(application, action, answer)
            expected[column] = ["success" if answer.is_success else "refused"]
    assert found == row.statuses
    assert outcomes == expected


def action_of(app: Litestar, row: AccessRow) -> str | None:
    """Return the action of the route in the audit log: each write has one, and a few reads."""
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
    """Return the outcomes in the audit log for this request."""
    asked = AuditEntry.request_id == answer.headers["x-request-id"]
    named = AuditEntry.action.in_(("auth.login", action) if action == "auth.token" else (action,))
    outcomes = select(AuditEntry.outcome).where(asked, named)
    async with core_of(app).db().read() as reads:
        return [*(await reads.scalars(outcomes))]


async def ask(
    app: Litestar,
    people: AsyncExitStack,
    disabled: TestUser,
    helper: TestUser,
    table: AccessTable,
    row: AccessRow,
    column: str,
) -> Response:
    owner = await someone(app, people)
    asking, client = await caller(app, people, owner, disabled, row, column)
    request = AccessRequest(row.path, owner, asking, helper)
    body = await table.body_of(row.route, request)
    path = await table.path_of(request)
    if row.method == "GET":
        head = await client.head(path)
        assert head.status_code == (await client.get(path)).status_code
    return await client.request(row.method, path, **body)


async def caller(
    app: Litestar,
    people: AsyncExitStack,
    owner: TestUser,
    disabled: TestUser,
    row: AccessRow,
    column: str,
) -> tuple[TestUser | None, AsyncClient]:
    match column:
        case "anonymous":
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
    scopes = [bare] if column == "bare_key" else await scopes_of(app, holder)
    return holder, await keyed(app, people, holder, scopes)


async def scopes_of(app: Litestar, holder: TestUser) -> list[str]:
    """Return all scopes that an API key of the user can have."""
    scopes = {each.name for each in core_of(app).contributions().of(Permission) if each.scope}
    permissions = (await holder.client.get(f"{API}/users/me")).json()["permissions"]
    return [each for each in permissions if each in scopes]


async def someone(app: Litestar, people: AsyncExitStack, *roles: str) -> TestUser:
    email = f"person{next(numbers)}@example.com"
    return await people.enter_async_context(register(app, email, "Some Person", roles))


async def keyed(
    app: Litestar, people: AsyncExitStack, holder: TestUser, scopes: list[str]
) -> AsyncClient:
    body = {"name": "A key", "scopes": scopes}
    made = await holder.client.post(f"{API}/auth/api-keys", json=body)
    assert made.status_code == 201, made.text
    headers = {"X-API-Key": made.json()["key"]}
    return await people.enter_async_context(client_of(app, **headers))
