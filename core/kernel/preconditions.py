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


Tagging = Callable[[UUID, int], str]
"""How the ETag of a row is made at the address the request was sent to."""


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The ETags the client knows; None when it sent no header, or `*`."""

    tags: frozenset[str] | None = None
    tagging: Tagging | None = None
    unless: frozenset[str] = frozenset()
    """Those of `If-None-Match`, where `*` is whatever there is."""

    def check(self, row: HasVersion) -> None:
        """Raises Stale. Ask for the row `with_for_update()`: of two writers one wins."""
        if not self.permits(row.id, row.version):
            raise Stale

    def check_untagged(self) -> None:
        """Of what is there, but has no ETag at this address. Raises Stale where one is listed."""
        if self.tags is not None or "*" in self.unless:
            raise Stale

    def permits(self, row_id: UUID, version: int) -> bool:
        if self.tagging is None:
            return True
        tag = self.tagging(row_id, version)
        return (self.tags is None or tag in self.tags) and not self.unless & {tag, "*"}


ANY_VERSION = IfMatch()
