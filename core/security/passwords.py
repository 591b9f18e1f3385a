"""Checks and hashes of passwords.

The hash is argon2id with 19 MiB, two passes and one lane (OWASP; ASVS 11.4.2). Its threads have a
low priority, so that a sign-in does not delay other requests.
"""

import gzip
import os
import re
import sys
from asyncio import get_running_loop
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic_core import PydanticCustomError

from core.kernel.errors import FieldError, InvalidInput, Unavailable
from core.kernel.text import HIDDEN, Text, composed
from core.kernel.threads import lower_priority
from core.security.korean import is_common_korean, names_in

MIN_LENGTH, MAX_LENGTH = 8, 256  # code points, after NFC
SHORTEST_WORD, SHORTEST_REST = 4, 6
MAX_WORD_LENGTH = 1024
MEMORY_KIB, PASSES = 19 * 1024, 2
MAX_QUEUE = 64
COMMON = Path(__file__).parent / "common_passwords.txt.gz"

T = TypeVar("T")


@dataclass(frozen=True)
class Typed(Text):
    """A password as typed: normalised to NFC, but neither trimmed nor altered (ASVS 6.2.8)."""

    format: ClassVar[str] = "password"
    refused: ClassVar[re.Pattern[str]] = re.compile(f"[\x0b\x0c\x85\u2028\u2029{HIDDEN}]")

    def tidy(self, value: str) -> str:
        return value


TYPED = Typed(0, MAX_LENGTH)
GivenPassword = Annotated[str, Typed(1, MAX_LENGTH)]
"""A password to compare; one that is too long is refused before any lookup."""

NEW_PASSWORD = Typed(MIN_LENGTH, MAX_LENGTH)
NewPassword = Annotated[str, NEW_PASSWORD]
"""A password to set; `NewPasswords.check` refuses a weak one."""


class HashingBusy(Unavailable):
    """Checking a password is costly on purpose, and only so many may wait for it."""

    code = "auth.busy"
    title = "Too many users are signing in at the moment; try again."


def anywhere(what: str) -> None:
    """Allow the work in every place, also inside a transaction."""


class NewPasswords:
    """Checks and hashes of new passwords. The port `Reauthentication` compares a password."""

    def __init__(
        self,
        shortest: int = MIN_LENGTH,
        memory_kib: int | None = None,
        threads: int | None = None,
        must_be_allowed: Callable[[str], None] = anywhere,
    ) -> None:
        self._shortest, self._must_be_allowed = shortest, must_be_allowed
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

    def needs_rehash(self, stored: str) -> bool:
        """Return whether a hash was made with parameters other than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def check(self, password: str, location: str, *context: str) -> None:
        """Raise InvalidInput for a password that is too short, too common, or made of `context`.

        `context` is data of the user, such as name and e-mail address (ASVS 6.2.4, 6.2.11).
        There are no rules of composition.
        """
        try:
            given = TYPED(password)
        except PydanticCustomError as error:
            raise InvalidInput([FieldError.of(location, error)]) from None
        for weakness in weaknesses(location, given, self._shortest, context):
            raise InvalidInput([weakness])

    async def _run(self, work: Callable[[], T]) -> T:
        self._must_be_allowed("A password was hashed")
        if self._inside >= self._threads + MAX_QUEUE:
            raise HashingBusy
        self._inside += 1
        try:
            return await get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1


class Passwords(NewPasswords):
    """Comparison of passwords too, for the module that counts each attempt."""

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the stored hash. Raises HashingBusy.

        Without a stored hash the result is False, after the same time.
        """
        return await self._run(lambda: self._matches(stored, password))

    def _matches(self, stored: str | None, password: str) -> bool:
        dummy = self._dummy()
        try:
            right = self._hasher.verify(stored or dummy, normalized(password))
        except (VerificationError, ValueError):  # an unknown kind of hash is a ValueError
            return False
        return right and stored is not None


def weaknesses(
    location: str, password: str, shortest: int, context: tuple[str, ...]
) -> Iterator[FieldError]:
    if len(password) < shortest:
        least = {"min": shortest}
        yield FieldError(location, "At least {min} characters.", "string_too_short", least)
    folded = password.casefold()
    if is_common(folded):
        message = "This is one of the passwords that are tried first: choose another."
        yield FieldError(location, message, "common_password")
    if len(without(folded, words_of(context))) < SHORTEST_REST:
        message = "This is easily guessed from what is known of you: choose another."
        yield FieldError(location, message, "guessable")


def words_of(context: tuple[str, ...]) -> set[str]:
    """Return the words that are easy to guess: the product's name, and those of `context`.

    An e-mail address counts whole, with the part before `@`, and with each word of that part. A
    Hangul name counts if it has at least two syllables, also as typed on a Latin keyboard.
    """
    texts = [text.casefold() for text in ("atrium", *context)]
    local_parts = [text.partition("@")[0] for text in texts]
    parts = (word for text in local_parts for word in re.split(r"[\W_]+", text))
    words = {composed(word, MAX_WORD_LENGTH) for word in {*texts, *local_parts, *parts}}
    long = {word for word in words if len(word) >= SHORTEST_WORD}
    return long.union(*map(names_in, words))


def without(password: str, words: set[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        password = password.replace(word, "")
    return password


def is_common(password: str) -> bool:
    """Return whether a password in lower case is a common one, which attackers try first."""
    return f"\n{password}\n".encode() in common_passwords() or is_common_korean(password)


@cache
def common_passwords() -> bytes:
    """Return the common passwords in lower case, each between line breaks.

    A set would take ten times the memory in every process. The file names the origin of the list.
    """
    _, _, words = gzip.decompress(COMMON.read_bytes()).partition(b"\n---\n")
    return b"\n%b\n" % words.strip()


def normalized(password: str) -> str:
    """Return the password in NFC. Raises TooLong and MarksInRow, which are ValueErrors."""
    return composed(password, MAX_LENGTH)


def usable_cores() -> int:
    """Return the number of cores that this process may use.

    On one core a second thread would only delay the first one and the event loop.
    """
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
