from core.kernel.schemas import Schema


class Greeting(Schema):
    message: str
