from core.kit import Schema


class Greeting(Schema):
    message: str
