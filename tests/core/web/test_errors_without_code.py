"""An error class without a code is sent with the code of its status, and is documented so."""

import pytest
from litestar import Controller, Litestar
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
)
from sqlalchemy import bindparam

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.data.audit import AuditEntry
from core.data.rows import select_rows
from core.kernel.errors import Unprocessable
from core.kit import (
    BadRequest,
    Conflict,
    Database,
    Forbidden,
    Module,
    NotFound,
    ProblemError,
    Unavailable,
    get,
    public,
    uuid7,
)
from core.kit.platform import TooLarge, Unauthenticated, UnsupportedMediaType
from core.testing import client_of
from core.wiring.document import document_of_application

BASES: dict[type[ProblemError], str] = {
    BadRequest: "http.bad_request",
    Unauthenticated: "http.not_signed_in",
    Forbidden: "http.not_permitted",
    NotFound: "http.not_found",
    Conflict: "http.conflict",
    TooLarge: "http.too_large",
    UnsupportedMediaType: "http.unsupported_media_type",
    Unavailable: "http.unavailable",
}
"""The base classes that a module can import, and the codes of their statuses."""


class RoomTaken(Conflict):
    title = "The room is taken."


RAISED: dict[str, Exception] = {
    **{kind.__name__: kind("The room is {state}.", state="closed") for kind in BASES},
    "silent": Conflict(),
    "located": BadRequest("Choose another room.").at("body.room"),
    "titled": RoomTaken(),
    "unknown": Unprocessable("No room."),
    "statusless": ProblemError("No room."),
    "unauthorized": NotAuthorizedException(),
    "denied": PermissionDeniedException(),
    "conflict": HTTPException(status_code=409),
}
MISSING = select_rows(AuditEntry).where(AuditEntry.id == bindparam("entry"))


class RoomController(Controller):
    db: Database

    @get("/raised/{name:str}", policy=public, errors=tuple(BASES))
    async def raise_error(self, name: str) -> None:
        raise RAISED[name]

    @get("/missing", policy=public, errors=(NotFound,))
    async def read_room(self) -> None:
        async with self.db.read() as reads:
            await reads.one(MISSING, {"entry": uuid7()}, missing=NotFound)


class Rooms(Module):
    controllers = (RoomController,)


@pytest.fixture
def backend() -> str:
    return "sqlite"


@pytest.fixture
def rooms(settings: Settings, log_lines: LogWriter) -> Litestar:
    return create_app(settings, {"rooms": Rooms}, log_lines)


@pytest.mark.parametrize("kind", BASES)
async def test_a_base_class_has_the_code_of_its_status(
    rooms: Litestar, kind: type[ProblemError]
) -> None:
    async with client_of(rooms) as client:
        answer = await client.get(f"/api/v1/rooms/raised/{kind.__name__}")
        problem = answer.json()
        page = await client.get(f"/docs/problems/{problem['code']}")
    assert (answer.status_code, problem["status"]) == (kind.status, kind.status)
    assert (problem["code"], problem["detail"]) == (BASES[kind], "The room is closed.")
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("silent", 409, "http.conflict"),
        ("located", 400, "http.bad_request"),
        ("titled", 409, "http.conflict"),
        ("unauthorized", 401, "http.not_signed_in"),
        ("denied", 403, "http.not_permitted"),
        ("conflict", 409, "http.conflict"),
        ("unknown", 422, "http.unreadable"),
        ("statusless", 500, "http.internal_server_error"),
    ],
)
async def test_another_error_has_the_code_of_its_status(
    rooms: Litestar, name: str, status: int, code: str
) -> None:
    async with client_of(rooms) as client:
        answer = await client.get(f"/api/v1/rooms/raised/{name}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_field_error_without_a_code_has_that_of_its_status(rooms: Litestar) -> None:
    async with client_of(rooms) as client:
        problem = (await client.get("/api/v1/rooms/raised/located")).json()
    assert problem["errors"] == [
        {"location": "body.room", "message": "Choose another room.", "code": "bad_request"}
    ]


async def test_a_missing_row_may_be_not_found_itself(rooms: Litestar) -> None:
    async with client_of(rooms) as client:
        answer = await client.get("/api/v1/rooms/missing")
    assert (answer.status_code, answer.json()["code"]) == (404, "http.not_found")


def test_the_document_has_the_code_of_the_status(rooms: Litestar) -> None:
    responses = document_of_application(rooms)["paths"]["/api/v1/rooms/raised/{name}"]["get"]
    described = {status: str(it) for status, it in responses["responses"].items()}
    for kind, code in BASES.items():
        assert code in described[str(kind.status)] or "$ref" in described[str(kind.status)]
