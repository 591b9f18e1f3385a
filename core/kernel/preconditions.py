"""Optimistic concurrency: `If-Match`, `If-None-Match` and the version of a row (RFC 9110, 13.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from core.kernel.errors import Stale


class HasVersion(Protocol):
    """A row of a `Versioned` table, loaded or selected."""

    @property
    def id(self) -> UUID: ...
    @property
    def version(self) -> int: ...


MAX_DIGITS = 18
"""A version of so many digits fits into the column."""
MATCHED = "If-None-Match matches the current resource."
Tagging = Callable[[UUID, int], str]
"""A function that makes the ETag of a row, from its id and version, for the requested URL."""


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The precondition of a write, from `If-Match` and `If-None-Match` (RFC 9110, section 13.1).

    A handler gets it as the argument `if_match`.

    ```python
    note = Note(owner_id=owner.id, text="Milk", version=3)
    IfMatch().check(note)  # without a header each version is accepted
    ```
    """

    tags: frozenset[str] | None = None
    """The row must have one of these ETags; None, for no header or `*`, accepts any."""
    tagging: Tagging | None = None
    unless: frozenset[str] = frozenset()
    """The row must have none of these ETags; `*` stands for any existing row."""

    def check(self, row: HasVersion) -> None:
        """Raise Stale if the row does not meet the precondition.

        Select the row `with_for_update()`, so that only one of two writers succeeds.
        """
        self.check_version(row.id, row.version)

    def check_version(self, row_id: UUID, version: int) -> None:
        if self.tagging is None:
            return
        tag = self.tagging(row_id, version)
        if self.tags is not None and tag not in self.tags:
            raise Stale
        if self.unless & {tag, "*"}:
            raise Stale(MATCHED)

    def only_version(self, row_id: UUID) -> int | None:
        """Return the version that the row must have, or None if its ETag does not say it alone."""
        if self.tagging is None or self.tags is None or self.unless or len(self.tags) > 1:
            return None
        for tag in self.tags:
            number = tag.rpartition(".")[2].removesuffix('"')
            if number.isdecimal() and len(number) <= MAX_DIGITS:
                version = int(number)
                return version if self.tagging(row_id, version) == tag else None
        return None

    def check_untagged(self) -> None:
        """Raise Stale if a resource without an ETag at this URL does not meet the precondition."""
        if self.tags is not None:
            raise Stale
        if "*" in self.unless:
            raise Stale(MATCHED)


ANY_VERSION = IfMatch()
