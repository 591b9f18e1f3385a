from core.kernel.errors import NotFound


class Elsewhere(NotFound):
    code = "files.elsewhere"
    title = "A code that belongs to another module."


class Nowhere(NotFound):
    code = "files.elsewhere"
    title = "The code of another error."
