"""E-mail addresses: what counts as one, and when two are the same.

An address is kept as its owner writes it, with the domain in lower case. Two are the same when
their case-folded NFC forms are, the domain decoded from Punycode; dots and tags make a difference.
"""

from typing import Annotated
from unicodedata import normalize

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core.kernel.text import Line


def parse(address: str) -> ValidatedEmail:
    """Raises EmailNotValidError. Nobody else's server is asked; `.test` is for tests (RFC 2606)."""
    return validate_email(
        address,
        check_deliverability=False,
        test_environment=True,
        allow_quoted_local=False,
        allow_domain_literal=False,
        allow_display_name=False,
    )


def as_written(address: str) -> str:
    """Raises ValueError, as EmailNotValidError is one."""
    parse(address)
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def key_of(address: str) -> str:
    """What is unique (UTS 46 for the domain, by email-validator). Raises EmailNotValidError."""
    return normalize("NFC", normalize("NFC", parse(address).normalized).casefold())


def validated(address: str) -> str:
    try:
        return as_written(address)
    except EmailNotValidError as error:
        raise PydanticCustomError("email", "{reason}", {"reason": str(error)}) from None


Email = Annotated[
    str,
    Line(3, 254),
    AfterValidator(validated),
    Field(json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
]
