"""Optimistic concurrency: `If-Match`, `If-None-Match` and the version of a row (RFC 9110, 13.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from core.kernel.errors import Stale


class HasVersion(Protocol):
    """A row of a `Versioned` table, loaded or selected."""

    @property
    def id(self) -> Any: ...
    @property
    def version(self) -> Any: ...


NAMED = "If-None-Match names what is there."
Tagging = Callable[[UUID, int], str]
"""How the ETag of a row is made at the address the request was sent to."""


@dataclass(frozen=True, slots=True)
class IfMatch:
    """What a write is asked on condition of, by `If-Match` and, seldom, by `If-None-Match`."""

    tags: frozenset[str] | None = None
    """Of which it must have one; None for any, when there is no header or it says `*`."""
    tagging: Tagging | None = None
    unless: frozenset[str] = frozenset()
    """Of which it must have none; `*` is whatever there is."""

    def check(self, row: HasVersion) -> None:
        """Raises Stale. Ask for the row `with_for_update()`: of two writers one wins."""
        self.check_version(row.id, row.version)

    def check_version(self, row_id: UUID, version: int) -> None:
        if self.tagging is None:
            return
        tag = self.tagging(row_id, version)
        if self.tags is not None and tag not in self.tags:
            raise Stale
        if self.unless & {tag, "*"}:
            raise Stale(NAMED)

    def check_untagged(self) -> None:
        """Of what is there, but has no ETag at this address. Raises Stale where one is listed."""
        if self.tags is not None:
            raise Stale
        if "*" in self.unless:
            raise Stale(NAMED)


ANY_VERSION = IfMatch()
