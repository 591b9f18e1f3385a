from core.kernel.errors import NotFound


class Elsewhere(NotFound):
    code = "files.elsewhere"
    title = "A code that belongs to another module."
