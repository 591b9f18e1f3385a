"""Addresses under the API's prefix that lead nowhere: counted and closed like those that do."""

from litestar import Controller, Router, route
from litestar.params import FromPath

from core.security.policies import public
from core.web.problems import NothingHere


class UnknownController(Controller):
    @route(
        "/{path:path}",
        http_method=["GET", "POST", "PUT", "PATCH", "DELETE"],
        policy=public,
        any_query=True,
        include_in_schema=False,
    )
    async def find_nothing(self, path: FromPath[str]) -> None:
        raise NothingHere


def unknown_addresses(prefix: str) -> Router:
    return Router(prefix, route_handlers=[UnknownController], opt={"module": "core"})
