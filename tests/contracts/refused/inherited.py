"""A controller that a module takes from elsewhere."""

from litestar import Controller, post

from core.security.policies import public


class Shared(Controller):
    @post("/shared", summary="A change without an audit name", policy=public)
    async def share(self) -> None:
        pass
