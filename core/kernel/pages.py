"""The request for a part of a list, and the rows of that part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

R_co = TypeVar("R_co", covariant=True)

Key = tuple[str | int | None, ...]
"""The sort values of one row as JSON values: the position of a cursor."""


def unsealed(_: Key) -> str:
    raise RuntimeError("This page request was not made from a request: it cannot make a cursor.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The query of a list, as the list definition of the route allows it.

    Examples: `?page=2&per_page=50&sort=-created_at,title&search=milk`, `?cursor=…`.

    ```python
    assert PageRequest(page=2, per_page=50).offset == 50
    ```
    """

    page: int = 1
    per_page: int = 20
    sort: str | None = None
    search: str | None = None
    filters: Mapping[str, object] = field(default_factory=dict)
    by_cursor: bool = False
    after: Key | None = None
    """With a cursor: the position of the row before this part; None for the first part."""
    with_total: bool = True
    seal: Callable[[Key], str] = unsealed
    """A function that makes a cursor's text, signed and bound to this list, sort and filters."""

    @property
    def offset(self) -> int:
        """The number of rows before the requested part."""
        return (self.page - 1) * self.per_page


def default_order(keys: Sequence[str]) -> str:
    """Return the order of a list that declares none: newest first, or by its first key."""
    return "-created_at" if "created_at" in keys else keys[0]


@dataclass(frozen=True, slots=True)
class Rows(Generic[R_co]):
    """The rows of one part of a list, from which `Schema.paged` makes the response.

    ```python
    rows = Rows([Note(owner_id=owner.id, text="Milk")], total=1, request=PageRequest())
    assert rows.items[0].text == "Milk"
    ```
    """

    items: Sequence[R_co]
    total: int | None
    request: PageRequest
    last: Key | None = None
    """With a cursor: the position of the last row; None at the end of the list."""

    def with_total(self, total: int) -> "Rows[R_co]":
        return Rows(self.items, total, self.request, self.last)
