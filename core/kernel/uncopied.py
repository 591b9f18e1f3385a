"""Values that never change, and so need no copy of their own."""

from typing import Self


class Uncopied:
    """Litestar copies whatever a route's decorator says, for each router and each application."""

    __slots__ = ()

    def __deepcopy__(self, _: object) -> Self:
        return self
