"""A short list that is known without asking the database, with the manners of every list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.folding import fold
from core.kernel.pages import PageRequest, Rows, default_order
from core.kernel.uncopied import Uncopied

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ValueListing(Uncopied):
    """`ValueListing(("module", "name"), default="name")`; the last key is unique.

    Without a default it is `-created_at`, or the first key of a list without that key.
    """

    keys: Sequence[str]
    default: str = ""
    search: tuple[()] = ()
    filter_columns: Mapping[str, Any] = field(default_factory=dict)
    range_columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.default or default_order(self.keys))

    def page(self, values: Iterable[T], asked: PageRequest) -> Rows[T]:
        """The part that was asked for. Raises InvalidInput for an unknown key."""
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
            reason = f"Sort by {', '.join(self.keys)}, each once."
            raise InvalidInput([FieldError("query.sort", reason, "sort")])
        return order if self.keys[-1] in names else [*order, self.keys[-1]]


def sort_value(name: str, each: Any) -> Any:
    """Texts are sorted by the fold, as in every list."""
    value = getattr(each, name)
    return fold(value) if isinstance(value, str) else value


def name_of(key: str) -> str:
    return key.removeprefix("-")


def place_after(position: tuple[Any, ...], ordered: Sequence[Any], order: Sequence[str]) -> int:
    """What is no longer there is passed over from the beginning."""
    for place, each in enumerate(ordered):
        if tuple(getattr(each, name_of(key)) for key in order) == position:
            return place + 1
    return 0
