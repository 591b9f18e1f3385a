from core.kit import Conflict, NotFound


class PlateNotFound(NotFound):
    """The plate is broken.

    Use another plate.
    """

    code = "untranslated.empty"
    title = "There is no such plate."


class TooManyPlates(Conflict):
    code = "untranslated.full"
    title = "The shelf is full."

    def __init__(self, count: int) -> None:
        super().__init__("At most {count} plates.", count=count)


def check_size(size: int) -> None:
    if size > 20:
        raise PlateNotFound("A plate has {size} cm.", size=size)
    if size < 0:
        raise PlateNotFound(f"A plate of {size} cm.")
    raise PlateNotFound("This is required.")
