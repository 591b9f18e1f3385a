"""Modules with one route each, which breaks one rule of the start."""

from collections.abc import Sequence

from litestar import Controller
from litestar.params import FromQuery

from core.kernel.contributions import Contribution
from core.kernel.schemas import Page, Schema
from core.kit import get, post
from core.security.policies import public
from core.wiring.module import AddedRoutes, Module
from tests.contracts.refused.inherited import Shared


class Thing(Schema):
    id: int


class Unbounded(Controller):
    @get(summary="A list without a listing", policy=public)
    async def things(self, limit: FromQuery[int] = 10) -> Page[Thing]:
        return Page(data=[], per_page=limit, page=1, total=limit, next_cursor=None)


class Misnamed(Controller):
    @post(summary="An audit name of no module", policy=public, audit="thigns.change")
    async def change(self) -> None:
        pass


class Inheriting(Shared):
    path = "/inheriting"


class RouteModule(Module): ...


class UnboundedList(RouteModule):
    controllers = (Unbounded,)


class MisnamedWrite(RouteModule):
    controllers = (Misnamed,)


class InheritedWrite(RouteModule):
    controllers = (Inheriting,)


class MisspeltModule(RouteModule):
    def contributions(self) -> Sequence[Contribution]:
        return (AddedRoutes("odd.thing", "amdin", ()),)


class TwoWrites(RouteModule):
    controllers = (Misnamed, Inheriting)
