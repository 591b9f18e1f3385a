"""What part of a list is asked for, and what part was found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

R = TypeVar("R")

Key = tuple[str | int | None, ...]
"""The sort values of one row, as JSON has them: where a cursor stands."""


def unsealed(_: Key) -> str:
    raise RuntimeError("This page request was not made from a request: it cannot make a cursor.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`?page=2&per_page=50&sort=-created_at,title&search=milk`, or `?cursor=…`."""

    page: int = 1
    per_page: int = 20
    sort: str | None = None
    search: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    by_cursor: bool = False
    after: Key | None = None
    """With a cursor: the row before the first one asked for; None to begin."""
    with_total: bool = True
    seal: Callable[[Key], str] = unsealed
    """Makes the cursor's text, signed and bound to this list, sort and filters."""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


def default_order(keys: Sequence[str]) -> str:
    """Return the order of a list that declares none: the newest first, or its first key."""
    return "-created_at" if "created_at" in keys else keys[0]


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """One part of a list, as it was asked for."""

    items: Sequence[R]
    total: int | None
    request: PageRequest
    last: Key | None = None
    """By cursor: where the next part begins; None at the end."""

    def with_total(self, total: int) -> "Rows[R]":
        return Rows(self.items, total, self.request, self.last)
