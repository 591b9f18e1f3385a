"""The decorators of `core.kit` refuse unknown options, and derive undeclared values of a route."""

import pytest
from litestar import Controller, Litestar
from sqlalchemy import select

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.audit import AuditEntry
from core.kit import IfMatch, NotFound, Principal, Schema, authenticated, delete, get, post
from core.security.passwords import GivenPassword, NewPassword
from core.security.policies import optional, public
from core.testing import client_of
from core.web.http_errors import NothingHere
from core.wiring.document import document_of_application
from core.wiring.module import Module
from core.wiring.plugin import CorePlugin


class Lock(Schema):
    new_password: NewPassword


class Key(Schema):
    password: GivenPassword | None = None


class Found(Schema):
    room: int
    is_known: bool


class DoorNotFound(NotFound):
    code = "doors.not_found"
    title = "There is no such door."
    speaks_for = "doors"  # other tests of this package have modules with other names


class DoorController(Controller):
    @post("/open", summary="Open a door", policy=authenticated)
    async def open_door(self) -> None: ...

    @post("/close", summary="Close a door", policy=authenticated, audit="doors.shut")
    async def close_door(self) -> None: ...

    @post("/knock", summary="Knock at a door", policy=authenticated, audit=None)
    async def knock(self) -> None: ...

    @post("/lock", summary="Lock a door", policy=authenticated)
    async def lock_door(self, data: Lock) -> None: ...

    @post("/unlock", summary="Unlock a door", policy=authenticated)
    async def unlock_door(self, data: Key) -> None: ...

    @delete("/door", summary="Remove a door", policy=authenticated)
    async def remove_door(self, if_match: IfMatch) -> None: ...

    @get("/rooms/{room:int}", summary="Find the door of a room", policy=optional)
    async def find_door(self, room: int, visitor: Principal | None) -> Found:
        return Found(room=room, is_known=visitor is not None)

    @get("/bells/{bell:int}", summary="Find a bell", policy=optional, errors=(NothingHere,))
    async def find_bell(self, bell: int) -> None: ...


class Doors(Module):
    controllers = (DoorController,)


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.fixture
def doors(settings: Settings, log_lines: LogWriter) -> Litestar:
    return create_app(settings, {"doors": Doors}, log_lines)


def test_an_unknown_option_is_an_error_of_mypy_and_of_the_start() -> None:
    """mypy reports each `ignore` that it does not need, so it refuses these calls too."""
    with pytest.raises(TypeError, match="no option 'limti'; the nearest is 'limit'"):
        get(policy=public, limti="login")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="no option 'idempotency'"):
        delete(policy=public, idempotency=False)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'policy'"):
        get()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("path", "actions"),
    [("open", ["doors.open"]), ("close", ["doors.shut"]), ("knock", [])],
)
async def test_a_refused_write_has_its_operation_id_as_audit_name(
    doors: Litestar, path: str, actions: list[str]
) -> None:
    async with doors.lifespan(), client_of(doors) as client:
        answer = await client.post(f"/api/v1/doors/{path}")
        assert answer.status_code == 401
        asked = AuditEntry.request_id == answer.headers["x-request-id"]
        async with doors.plugins.get(CorePlugin).container.db().read() as reads:
            assert [*await reads.scalars(select(AuditEntry.action).where(asked))] == actions


def documented(doors: Litestar, method: str, path: str) -> dict[str, str]:
    """Return the name of the shared response for each status."""
    operation = document_of_application(doors)["paths"][f"/api/v1/doors/{path}"][method]
    shared = {status: it.get("$ref", "") for status, it in operation["responses"].items()}
    return {status: name.rpartition("/")[2] for status, name in shared.items()}


async def test_a_plain_annotation_says_where_an_argument_comes_from(doors: Litestar) -> None:
    async with doors.lifespan(), client_of(doors) as client:
        answer = await client.get("/api/v1/doors/rooms/7")
        assert answer.json() == {"room": 7, "is_known": False}
        refused = await client.get("/api/v1/doors/rooms/seven")
        assert refused.status_code == 404


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Principal, "the parameter author has the type Principal: call it principal"),
        (IfMatch, "the parameter author has the type IfMatch: call it if_match"),
    ],
)
def test_a_parameter_of_the_request_has_the_name_of_its_type(kind: type, sentence: str) -> None:
    async def write(author: object) -> None: ...

    write.__annotations__["author"] = kind
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        post(policy=authenticated)(write)


def test_a_route_to_one_resource_documents_the_error_of_its_module(doors: Litestar) -> None:
    assert documented(doors, "get", "rooms/{room}")["404"] == "DoorsNotFound"
    assert documented(doors, "get", "bells/{bell}")["404"] == "NotFound"


def test_a_conditional_request_documents_its_refusal(doors: Litestar) -> None:
    assert documented(doors, "delete", "door")["412"] == "PreconditionFailed"


@pytest.mark.parametrize(
    ("path", "too_many", "unavailable"),
    [
        ("knock", "TooManyRequests", "Unavailable"),
        ("lock", "TooManyRequests", "AuthBusy"),
        ("unlock", "AuthTooManyAttempts", "AuthBusy"),
    ],
)
def test_a_route_documents_what_a_password_in_its_body_costs(
    doors: Litestar, path: str, too_many: str, unavailable: str
) -> None:
    responses = documented(doors, "post", path)
    assert (responses["429"], responses["503"]) == (too_many, unavailable)


def test_a_signed_in_user_who_sends_a_password_may_be_refused_as_by_step_up(
    doors: Litestar,
) -> None:
    assert documented(doors, "post", "lock")["403"] == "KeyNotAllowed"
    assert documented(doors, "post", "unlock")["403"] == (
        "AuthKeyNotAllowedOrAuthProofFailedOrAuthResetRequiredOrAuthStepUpRequired"
    )
