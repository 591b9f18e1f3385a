"""Passwords: which are good enough, and how they are kept.

argon2id with 19 MiB, two passes and one lane (OWASP; ASVS 11.4.2), in threads of its own at low
priority, so that whoever signs in delays nobody who is signed in.
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

SHORTEST, LONGEST = 8, 256  # code points, after NFC
SHORTEST_WORD, SHORTEST_REST = 4, 6
LONGEST_WORD = 1024
MEMORY_KIB, PASSES = 19 * 1024, 2
LONGEST_QUEUE = 64
COMMON = Path(__file__).parent / "common_passwords.txt.gz"

T = TypeVar("T")


@dataclass(frozen=True)
class Typed(Text):
    """As it was typed: normalised, but neither trimmed nor altered (ASVS 6.2.8)."""

    format: ClassVar[str] = "password"
    refused: ClassVar[re.Pattern[str]] = re.compile(f"[\x0b\x0c\x85\u2028\u2029{HIDDEN}]")

    def tidy(self, value: str) -> str:
        return value


TYPED = Typed(0, LONGEST)
GivenPassword = Annotated[str, Typed(1, LONGEST)]
"""One that is to be compared; too long a one is refused before anything is looked up."""

NEW_PASSWORD = Typed(SHORTEST, LONGEST)
NewPassword = Annotated[str, NEW_PASSWORD]
"""One that is to be set; `Passwords.check` says whether it is good enough."""


class HashingBusy(Unavailable):
    """Checking a password is costly on purpose, and only so many may wait for it."""

    code = "auth.busy"
    title = "Too many people are signing in at this moment; try again."


def anywhere(what: str) -> None:
    """Allow the work wherever it is asked for."""


class NewPasswords:
    """Check and hash passwords that are set. To compare one, ask the port `Reauthentication`."""

    def __init__(
        self,
        shortest: int = SHORTEST,
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
        """Raises HashingBusy."""
        return await self._run(lambda: self._hasher.hash(normalized(password)))

    def needs_rehash(self, stored: str) -> bool:
        """Made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def check(self, password: str, location: str, *context: str) -> None:
        """Raises InvalidInput for one that is too short, too common, or made of `context`.

        `context` is what is known of the person, such as name and address (ASVS 6.2.4, 6.2.11);
        there are no rules of composition.
        """
        try:
            given = TYPED(password)
        except PydanticCustomError as error:
            raise InvalidInput([FieldError(location, error.message(), error.type)]) from None
        for message, code in weaknesses(given, self._shortest, context):
            raise InvalidInput([FieldError(location, message, code)])

    async def _run(self, work: Callable[[], T]) -> T:
        self._must_be_allowed("A password was hashed")
        if self._inside >= self._threads + LONGEST_QUEUE:
            raise HashingBusy
        self._inside += 1
        try:
            return await get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1


class Passwords(NewPasswords):
    """Compare passwords, too: for the module that counts each attempt."""

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is that one; without a stored one, no, after as long. Raises HashingBusy."""
        return await self._run(lambda: self._matches(stored, password))

    def _matches(self, stored: str | None, password: str) -> bool:
        dummy = self._dummy()
        try:
            right = self._hasher.verify(stored or dummy, normalized(password))
        except (VerificationError, ValueError):  # a hash of another kind is a ValueError
            return False
        return right and stored is not None


def weaknesses(password: str, shortest: int, context: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(password) < shortest:
        yield f"At least {shortest} characters.", "string_too_short"
    folded = password.casefold()
    if is_common(folded):
        yield (
            "This is one of the passwords that are tried first: choose another.",
            "common_password",
        )
    if len(without(folded, words_of(context))) < SHORTEST_REST:
        yield "This is easily guessed from what is known of you: choose another.", "guessable"


def words_of(context: tuple[str, ...]) -> set[str]:
    """The product; an address whole, and the part before its `@`, that in parts as well.

    A Hangul name counts from two syllables on, and as it is typed on a Latin keyboard.
    """
    told = [each.casefold() for each in ("atrium", *context)]
    known = [each.partition("@")[0] for each in told]
    words = {*told, *known, *(word for each in known for word in re.split(r"[\W_]+", each))}
    found = {composed(word, LONGEST_WORD) for word in words}
    long = {word for word in found if len(word) >= SHORTEST_WORD}
    return long.union(*map(names_in, found))


def without(password: str, words: set[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        password = password.replace(word, "")
    return password


def is_common(password: str) -> bool:
    """Return whether a password in lower case is one that is tried first."""
    return f"\n{password}\n".encode() in common_passwords() or is_common_korean(password)


@cache
def common_passwords() -> bytes:
    """Return the list, in lower case, with a line break around each; the file names its origin.

    As a set, the list would take ten times the memory in every process.
    """
    _, _, words = gzip.decompress(COMMON.read_bytes()).partition(b"\n---\n")
    return b"\n%b\n" % words.strip()


def normalized(password: str) -> str:
    """Raises ValueError for one that is too long."""
    return composed(password, LONGEST)


def usable_cores() -> int:
    """Of this process: on one core a second thread would only hold up the first, and the loop."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
