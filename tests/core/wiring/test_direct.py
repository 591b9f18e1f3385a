"""Whatever a module may declare on a route of Litestar's is honoured, on the shorter way or not."""

from typing import Any

import pytest
from litestar import Controller, Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.errors import Forbidden
from core.kernel.schemas import Schema
from core.kit import get
from core.security.policies import public
from core.wiring.module import Module
from tests.people import client_of


class Closed(Forbidden):
    code = "doors.closed"
    title = "It is closed."


class Seen(Schema):
    what: str


def refuse(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
    raise Closed


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


class Doors(Module):
    controllers = (DoorController,)


@pytest.fixture
def backend() -> str:
    """Nothing is asked of it."""
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
    assert (guarded.status_code, guarded.json()["code"]) == (403, "doors.closed")
    assert found["marked"].headers["x-marked"] == "yes"
    assert found["cookie"].cookies["a"] == "b"
    assert all(each.headers["etag"] for each in found.values())
    assert found["header"].headers["x-always"] == "yes"
    taken = sorted(
        route.path
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if "direct_call" in handler.opt and route.path.startswith("/api/v1/doors")
    )
    assert taken == ["/api/v1/doors/blocking", "/api/v1/doors/plain"], "in a thread, it waits too"
