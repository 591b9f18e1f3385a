"""A base class of values that never change and need no copy."""

from typing import Self


class Uncopied:
    """A value that `deepcopy` returns unchanged instead of copying it.

    Litestar copies the options of a route for each router and each application.
    """

    __slots__ = ()

    def __deepcopy__(self, _: object) -> Self:
        return self
