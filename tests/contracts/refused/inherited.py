"""A controller that a module takes from elsewhere."""

from litestar import Controller

from core.kit import post
from core.security.policies import public


class Shared(Controller):
    @post("/shared", summary="An audit name of no module", policy=public, audit="thigns.share")
    async def share(self) -> None:
        pass
