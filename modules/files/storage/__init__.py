"""Where the bytes are kept: objects under keys of our own making, never under a client's name."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable


class ObjectMissing(Exception):
    """Nothing is stored under this key, or not what was stored."""


class NewObject(Protocol):
    """An object on its way in. All of it blocks: call it in a thread, one call at a time.

    All but `release` raise StorageFull and StorageDown; what `settle` and `discard` could not do
    then, a sweep does.
    """

    @property
    def key(self) -> str: ...

    def write(self, data: bytes) -> None:
        """Append."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """What has been written."""
        ...

    def keep(self) -> None:
        """Make it durable under its key; until `settle` a crash may still take it back."""
        ...

    def settle(self) -> None:
        """A row that leads to it has been committed."""
        ...

    def discard(self) -> None:
        """Leave nothing of it."""
        ...

    def release(self) -> None:
        """Nothing more is known of it here: let a sweep find out whether a row leads to it."""
        ...


class StoredObject(Protocol):
    """An object open for reading; it can be read to its end even if it is removed meanwhile."""

    @property
    def size(self) -> int: ...

    async def read(self, offset: int, length: int) -> bytes:
        """Raises ObjectMissing where there is less than that."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Storage(Protocol):
    """All of it blocks: call it in a thread. A `StoredObject` sees to that itself."""

    def create(self) -> NewObject:
        """Raises StorageFull and StorageDown."""
        ...

    def open(self, key: str) -> StoredObject:
        """Raises ObjectMissing and StorageDown."""
        ...

    def remove(self, key: str) -> None:
        """What is not there is removed already."""
        ...

    def abandoned(self) -> Iterator[NewObject]:
        """What processes left unsettled that are no more; never what a living one works on."""
        ...

    def probe(self) -> None:
        """Keep an object and remove it again. Raises what stands in the way."""
        ...
