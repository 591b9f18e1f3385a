"""Hashes of passwords.

The hash is argon2id with 19 MiB, two passes and one lane (OWASP; ASVS 11.4.2). Its threads have a
low priority, so that a sign-in does not delay other requests.
"""

import os
import sys
from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core.kit import Database
from core.kit.platform import MAX_PASSWORD_LENGTH, composed, lower_priority
from modules.auth.errors import HashingBusy

MEMORY_KIB, PASSES = 19 * 1024, 2
MAX_QUEUE = 64

T = TypeVar("T")


def anywhere(what: str) -> None:
    """Allow the work in every place, also inside a transaction."""


class PasswordHashing:
    def __init__(
        self,
        memory_kib: int | None = None,
        threads: int | None = None,
        must_be_allowed: Callable[[str], None] = anywhere,
    ) -> None:
        self._must_be_allowed = must_be_allowed
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=memory_kib or MEMORY_KIB, parallelism=1
        )
        self._threads = threads or usable_cores()
        self._pool = ThreadPoolExecutor(self._threads, "password", initializer=lower_priority)
        self._dummy = cache(lambda: self._hasher.hash(os.urandom(16)))
        self._inside = 0

    async def hash(self, password: str) -> str:
        """Return the hash of a password. Raises HashingBusy."""
        return await self._run(lambda: self._hasher.hash(normalized(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the stored hash. Raises HashingBusy.

        Without a stored hash the result is False, after the same time.
        """
        return await self._run(lambda: self._matches(stored, password))

    def needs_rehash(self, stored: str) -> bool:
        """Return whether a hash was made with parameters other than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str | None, password: str) -> bool:
        dummy = self._dummy()
        try:
            right = self._hasher.verify(stored or dummy, normalized(password))
        except (VerificationError, ValueError):  # an unknown kind of hash is a ValueError
            return False
        return right and stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        self._must_be_allowed("A password was hashed")
        if self._inside >= self._threads + MAX_QUEUE:
            raise HashingBusy
        self._inside += 1
        try:
            return await get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1


def hashing_outside(db: Database) -> PasswordHashing:
    """Return the hashing of the application, which refuses to hash inside a transaction."""
    return PasswordHashing(must_be_allowed=db.must_be_outside)


def normalized(password: str) -> str:
    """Return the password in NFC. Raises TooLong and MarksInRow, which are ValueErrors."""
    return composed(password, MAX_PASSWORD_LENGTH)


def usable_cores() -> int:
    """Return the number of cores that this process may use.

    On one core a second thread would only delay the first one and the event loop.
    """
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
