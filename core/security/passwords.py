"""The fields of bodies that take a password, and the port by which a user gets one.

The module that serves the ports, `auth`, hashes and compares passwords.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from core.kernel.errors import Unavailable
from core.kernel.text import HIDDEN, Text

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 8, 256  # code points, after NFC


@dataclass(frozen=True)
class PasswordText(Text):
    """A password as typed: normalised to NFC, but neither trimmed nor altered (ASVS 6.2.8)."""

    format: ClassVar[str] = "password"
    refused: ClassVar[re.Pattern[str]] = re.compile(f"[\x0b\x0c\x85\u2028\u2029{HIDDEN}]")

    def tidy(self, value: str) -> str:
        return value


GivenPassword = Annotated[str, PasswordText(1, MAX_PASSWORD_LENGTH)]
"""A password to compare; one that is too long is refused before any lookup."""

NEW_PASSWORD = PasswordText(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH)
NewPassword = Annotated[str, NEW_PASSWORD]
"""A password to set; `NewPasswords.prepare` refuses a weak one."""


class HashingBusy(Unavailable):
    """A password check is expensive on purpose, and only some requests may wait for one."""


StorePassword = Callable[[UUID], Awaitable[None]]
"""A function that stores a prepared password for a user, in the caller's transaction."""


@runtime_checkable
class NewPasswords(Protocol):
    """The port of passwords to set, which the auth module serves; `Reauthentication` compares."""

    async def prepare(self, password: str, *context: str) -> StorePassword:
        """Check and hash a password; return the function that stores it.

        `context` is data of the user, such as name and e-mail address, which the password must not
        be made of. Call this before a transaction opens, and the result in the transaction that
        adds or locks the row of the user. Raises InvalidInput for a weak password, HashingBusy, and
        RuntimeError inside a transaction.
        """
        ...
