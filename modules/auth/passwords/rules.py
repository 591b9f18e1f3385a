"""The rules of a new password: long enough, not common, and not made of what is known of the user.

There are no rules of composition.
"""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic_core import PydanticCustomError

from core.kit import FieldError, InvalidInput
from core.kit.platform import MAX_PASSWORD_LENGTH, PasswordText, composed
from modules.auth.passwords.korean import is_common_korean, names_in

TYPED = PasswordText(0, MAX_PASSWORD_LENGTH)
SHORTEST_WORD, SHORTEST_REST = 4, 6
MAX_WORD_LENGTH = 1024
COMMON = Path(__file__).parent / "common_passwords.txt.gz"


def refuse_weak(password: str, location: str, shortest: int, context: tuple[str, ...]) -> None:
    """Raise InvalidInput for a password that is too short, too common, or made of `context`.

    `context` is data of the user, such as name and e-mail address (ASVS 6.2.4, 6.2.11).
    """
    try:
        typed = TYPED(password)
    except PydanticCustomError as error:
        raise InvalidInput([FieldError.of(location, error)]) from None
    for weakness in weaknesses(location, typed, shortest, context):
        raise InvalidInput([weakness])


def weaknesses(
    location: str, password: str, shortest: int, context: tuple[str, ...]
) -> Iterator[FieldError]:
    if len(password) < shortest:
        least = {"min": shortest}
        yield FieldError(
            location, "The password must have at least {min} characters.", "string_too_short", least
        )
    folded = password.casefold()
    if is_common(folded):
        message = "This password is too common: choose another."
        yield FieldError(location, message, "common_password")
    if len(without(folded, words_of(context))) < SHORTEST_REST:
        message = "This password can be guessed from your name or e-mail address: choose another."
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
