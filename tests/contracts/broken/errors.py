from core.kernel.errors import NotFound


class Elsewhere(NotFound):
    code = "files.not_found"
    title = "A code that belongs to another module."
