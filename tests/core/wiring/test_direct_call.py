"""Options of Litestar on a route are honoured, whether the call is direct or not."""

from typing import Annotated, Any

import pytest
from litestar import Controller, Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, ResponseHeader, UploadFile
from litestar.di import NamedDependency, Provide
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler
from litestar.params import Body
from litestar.types import ASGIApp, Receive, Scope, Send

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.schemas import Schema
from core.kit import NotPermitted, get, post
from core.security.policies import public
from core.testing import client_of
from core.web.operation import DIRECT
from core.wiring.module import Module
from core.wiring.routes import operations_of


class Seen(Schema):
    what: str


def refuse(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
    raise NotPermitted


def mark(response: Response[Any]) -> Response[Any]:
    response.headers["x-marked"] = "yes"
    return response


async def instead(_: Request[Any, Any, Any]) -> Seen:
    return Seen(what="instead")


class DoorController(Controller):
    @get("/plain", summary="Nothing beside it", policy=public)
    async def plain(self) -> Seen:
        return Seen(what="plain")

    @get("/guarded", summary="A guard", policy=public, guards=[refuse])
    async def guarded(self) -> Seen:
        return Seen(what="guarded")

    @get("/marked", summary="A hook after it", policy=public, after_request=mark)
    async def marked(self) -> Seen:
        return Seen(what="marked")

    @get("/instead", summary="A hook before it", policy=public, before_request=instead)
    async def before(self) -> Seen:
        return Seen(what="before")

    @get("/cookie", summary="A cookie", policy=public, response_cookies=[Cookie("a", value="b")])
    async def cookie(self) -> Seen:
        return Seen(what="cookie")

    @get(
        "/header",
        summary="A header",
        policy=public,
        response_headers=[ResponseHeader(name="x-always", value="yes")],
    )
    async def header(self) -> Seen:
        return Seen(what="header")

    @get("/blocking", summary="No coroutine", policy=public, sync_to_thread=True)
    def blocking(self) -> Seen:
        return Seen(what="blocking")

    @get(
        "/waiting",
        summary="What it asks for waits",
        policy=public,
        dependencies={"late": Provide(lambda: "late", sync_to_thread=True)},
    )
    async def waiting(self, late: NamedDependency[str]) -> Seen:
        return Seen(what=late)

    @post("/form", summary="A form", policy=public, body={"multipart/form-data": {}})
    async def form(self, request: Request[Any, Any, Any]) -> Seen:
        fields = await request.form()
        files.append(fields["file"])
        return Seen(what="form")

    @post("/fields", summary="A form as data", policy=public)
    async def fields(
        self,
        data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> Seen:
        files.append(data["file"])
        return Seen(what="fields")


def relabel(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return Response({"what": str(error)}, status_code=418)


class Stamp:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["stamp"] = "stamped"
        await self._app(scope, receive, send)


class HandledController(Controller):
    path = "/handled"
    exception_handlers = {ValueError: relabel}  # noqa: RUF012

    @get(summary="An exception handler", policy=public)
    async def fail(self) -> Seen:
        raise ValueError("relabelled")


class StampedController(Controller):
    path = "/stamped"
    middleware = (Stamp,)

    @get(summary="A middleware", policy=public)
    async def read_stamp(self, request: Request[Any, Any, Any]) -> Seen:
        return Seen(what=request.scope["state"]["stamp"])


files: list[UploadFile] = []


class Doors(Module):
    controllers = (DoorController, HandledController, StampedController)


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


async def test_what_a_route_declares_is_honoured(settings: Settings, log_lines: LogWriter) -> None:
    app = create_app(settings, {"doors": Doors}, log_lines)
    async with app.lifespan(), client_of(app) as client:
        found = {
            name: await client.get(f"/api/v1/doors/{name}")
            for name in ("plain", "marked", "instead", "cookie", "header", "blocking", "waiting")
        }
        guarded = await client.get("/api/v1/doors/guarded")
    assert {name: each.status_code for name, each in found.items()} == dict.fromkeys(found, 200)
    said = {name: answer.json()["what"] for name, answer in found.items()}
    assert said == {name: name for name in said} | {"waiting": "late"}
    assert (guarded.status_code, guarded.json()["code"]) == (403, NotPermitted.code)
    assert found["marked"].headers["x-marked"] == "yes"
    assert found["cookie"].cookies["a"] == "b"
    assert all(each.headers["etag"] for each in found.values())
    assert found["header"].headers["x-always"] == "yes"


async def test_a_form_is_closed_after_the_response(
    settings: Settings, log_lines: LogWriter
) -> None:
    app = create_app(settings, {"doors": Doors}, log_lines)
    files.clear()
    async with app.lifespan(), client_of(app) as client:
        for name in ("form", "fields"):
            answer = await client.post(f"/api/v1/doors/{name}", files={"file": b"content"})
            assert (answer.status_code, answer.json()["what"]) == (201, name)
    assert [file.file.closed for file in files] == [True, True]


async def test_handlers_and_middleware_of_a_controller_are_honoured(
    settings: Settings, log_lines: LogWriter
) -> None:
    app = create_app(settings, {"doors": Doors}, log_lines)
    async with app.lifespan(), client_of(app) as client:
        handled = await client.get("/api/v1/doors/handled")
        stamped = await client.get("/api/v1/doors/stamped")
    assert (handled.status_code, handled.json()) == (418, {"what": "relabelled"})
    assert (stamped.status_code, stamped.json()["what"]) == (200, "stamped")


async def test_litestar_calls_only_handlers_that_need_it(
    settings: Settings, log_lines: LogWriter
) -> None:
    app = create_app(settings, {"doors": Doors}, log_lines)
    by_litestar = [
        route.path for route, handler in operations_of(app.routes) if handler.opt[DIRECT] is None
    ]
    needing = ("guarded", "instead", "waiting", "fields", "handled", "stamped")
    assert sorted(by_litestar) == sorted(f"/api/v1/doors/{name}" for name in needing)
