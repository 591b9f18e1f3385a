"""The port for storage: objects under generated keys, never under names of clients."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable


class ObjectMissing(Exception):
    """No object is stored under this key, or the object is incomplete."""


class NewObject(Protocol):
    """An object that is being written. All methods block: call them in a thread, one at a time.

    All methods except `release` raise StorageFull and StorageDown. After a failed `settle` or
    `discard`, a sweep does the rest.
    """

    @property
    def key(self) -> str: ...

    def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes that were written."""
        ...

    def keep(self) -> None:
        """Make the object durable under its key; until `settle`, a sweep may still remove it."""
        ...

    def settle(self) -> None:
        """Complete the object, after the commit of a row that refers to it."""
        ...

    def discard(self) -> None:
        """Remove the object."""
        ...

    def release(self) -> None:
        """Leave the object to a sweep, which looks for a row that refers to it."""
        ...


class StoredObject(Protocol):
    """An open object, which can be read to its end even if it is removed meanwhile."""

    @property
    def size(self) -> int: ...

    async def read(self, offset: int, length: int) -> bytes:
        """Raises ObjectMissing if the object has fewer bytes."""
        ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Storage(Protocol):
    """A storage whose methods block: call them in a thread. A `StoredObject` does so itself."""

    def create(self) -> NewObject:
        """Begin an object. Raises StorageFull and StorageDown."""
        ...

    def open(self, key: str) -> StoredObject:
        """Open an object. Raises ObjectMissing and StorageDown."""
        ...

    def remove(self, key: str) -> None:
        """Remove the object, if it exists."""
        ...

    def abandoned(self) -> Iterator[NewObject]:
        """Yield the unsettled objects of dead processes, and none that a live process writes."""
        ...

    def probe(self) -> None:
        """Store an object and remove it again. Raises StorageFull and StorageDown."""
        ...
