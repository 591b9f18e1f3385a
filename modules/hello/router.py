from litestar import Controller

from core.kit import get, optional
from modules.hello.schemas import Greeting


class HelloController(Controller):
    @get("/{name:str}", summary="Greet a name", policy=optional)
    async def greet(self, name: str) -> Greeting:
        return Greeting(message=f"Hello, {name}!")
