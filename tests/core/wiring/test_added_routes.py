"""A module adds routes to another module, and they exist only with that module."""

from collections.abc import Sequence
from pathlib import Path

from litestar import Controller, Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import build_app
from core.kernel.contributions import Contribution
from core.kernel.principal import Permission
from core.kernel.schemas import Schema
from core.security.policies import requires
from core.testing import core_of
from core.web.openapi.document import operation_id
from core.web.route_decorators import get
from core.web.route_options import options_of
from core.wiring.module import AddedRoutes, Module
from core.wiring.options import giver_of
from core.wiring.routes import operations_of
from core.wiring.rules import breaches

LOOK = Permission("garden:look", "Look over the fence.")


class View(Schema):
    flowers: int


class Telescope:
    def count(self) -> int:
        return 7


class ViewController(Controller):
    telescope: Telescope

    @get("/view", summary="Look into the garden", policy=requires(LOOK))
    async def read_view(self) -> View:
        return View(flowers=self.telescope.count())


class Garden(Module):
    """The module that gets a route."""


class Neighbour(Module):
    """The module that adds the route, with its own service and a permission."""

    services = (Telescope,)

    def contributions(self) -> Sequence[Contribution]:
        return (AddedRoutes("neighbour.view", "garden", (ViewController,), (LOOK,)),)


class SecondController(ViewController):
    path = "/second"


class Other(Neighbour):
    """A second module that adds a route with the same operation id."""

    def contributions(self) -> Sequence[Contribution]:
        return (AddedRoutes("other.view", "garden", (SecondController,)),)


def application(folder: Path, lines: LogWriter, **modules: type[Module]) -> Litestar:
    settings = Settings(environment="test", data_dir=folder, modules=("users", "auth"))
    return build_app(settings, modules, lines)


def views(app: Litestar) -> list[tuple[str, str, str]]:
    """Return the path, the operation id and the module with the code of the added routes."""
    return [
        (route.path, operation_id(options_of(it).module, it.fn.__name__), giver_of(it))
        for route, it in operations_of(app.routes)
        if route.path.endswith("/view")
    ]


def test_an_added_route_is_part_of_the_other_module(tmp_path: Path, log_lines: LogWriter) -> None:
    app = application(tmp_path, log_lines, garden=Garden, neighbour=Neighbour)
    assert views(app) == [("/api/v1/garden/view", "garden.read_view", "neighbour")]
    assert core_of(app).contributions().of(Permission, "garden") == [LOOK]
    routes = {it.name: it.routes for it in core_of(app).modules()}
    assert (routes["garden"], routes["neighbour"]) == (1, 0)
    assert [it for it in breaches(app, "neighbour") if "view" in it] == []


def test_an_added_route_needs_the_other_module(tmp_path: Path, log_lines: LogWriter) -> None:
    app = application(tmp_path, log_lines, neighbour=Neighbour)
    assert views(app) == []
    assert LOOK not in core_of(app).contributions().of(Permission)


def test_two_added_routes_of_one_operation_id_are_found(
    tmp_path: Path, log_lines: LogWriter
) -> None:
    app = application(tmp_path, log_lines, garden=Garden, neighbour=Neighbour, other=Other)
    found = [it for it in breaches(app) if "two operations" in it]
    assert found == ["garden.read_view names two operations"]
