"""Sorting and pagination of a short list of values that needs no query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Never, TypeVar

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.folding import fold
from core.kernel.pages import PageRequest, Rows, default_order
from core.kernel.uncopied import Uncopied

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ValueListing(Uncopied):
    """The list definition of values, e.g. `ValueListing(("module", "name"), default="name")`.

    The last key is unique. The default order without `default` is `-created_at`, or the first key
    of a list without that key.
    """

    keys: Sequence[str]
    default: str = ""
    search: tuple[()] = ()
    filter_columns: Mapping[str, Never] = field(default_factory=dict)
    range_columns: Mapping[str, Never] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.default or default_order(self.keys))

    def page(self, values: Iterable[T], asked: PageRequest) -> Rows[T]:
        """Return the requested part. Raises InvalidInput for an unknown or repeated key."""
        order = self._order(asked.sort or self.default)
        ordered = list(values)
        for key in reversed(order):
            ordered.sort(key=partial(sort_value, name_of(key)), reverse=key[0] == "-")
        start = asked.offset
        if asked.by_cursor:
            start = 0 if asked.after is None else place_after(asked.after, ordered, order)
        part = ordered[start : start + asked.per_page]
        more = asked.by_cursor and start + asked.per_page < len(ordered)
        last = tuple(getattr(part[-1], name_of(key)) for key in order) if more else None
        return Rows(part, len(ordered) if asked.with_total else None, asked, last)

    def _order(self, sort: str) -> list[str]:
        order = sort.split(",")
        names = [name_of(key) for key in order]
        if any(name not in self.keys for name in names) or len(set(names)) < len(names):
            message = "Sort by {allowed}, each once."
            keys = {"allowed": self.keys}
            raise InvalidInput([FieldError("query.sort", message, "sort", keys)])
        return order if self.keys[-1] in names else [*order, self.keys[-1]]


def sort_value(name: str, item: object) -> Any:  # Any: any value that can be compared
    """Return the value to sort an item by; a text is folded, as in every list."""
    value = getattr(item, name)
    return fold(value) if isinstance(value, str) else value


def name_of(key: str) -> str:
    return key.removeprefix("-")


def place_after(
    position: tuple[object, ...], ordered: Sequence[object], order: Sequence[str]
) -> int:
    """Return the index after the item at this position, or 0 if the item no longer exists."""
    for index, item in enumerate(ordered):
        if tuple(getattr(item, name_of(key)) for key in order) == position:
            return index + 1
    return 0
