"""E-mail addresses: what counts as one, and when two are the same.

An address is kept as its owner writes it, with the domain in lower case. Two are the same when
their domains are the same in UTS 46 (without transitional mapping, so `straße.de` is not
`strasse.de`), and their local parts in NFC and simple lower case. Dots and tags make a difference.
"""

from typing import Annotated

from email_validator import (
    EmailNotValidError,
    EmailSyntaxError,
    ValidatedEmail,
    validate_email,
)
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core.kernel.text import Line, composed, simple_lower

LONGEST = 254


def parse(address: str) -> ValidatedEmail:
    """Raises EmailNotValidError. No other server is asked; `.test` is for tests (RFC 2606)."""
    try:
        address = composed(address, LONGEST)
    except ValueError:
        raise EmailSyntaxError(f"An address has at most {LONGEST} characters.") from None
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
    return f"{local}@{''.join(map(str.lower, domain))}"  # each by itself, as UTS 46 does


def key_of(address: str) -> str:
    """Return the form that is unique. Raises EmailNotValidError.

    email-validator maps the domain by UTS 46; `migrations/users` has this function as it was once,
    so one that answers otherwise needs a migration of its own.
    """
    known = parse(address)
    return f"{composed(simple_lower(known.local_part), LONGEST)}@{known.domain}"


def validated(address: str) -> str:
    try:
        return as_written(address)
    except EmailNotValidError as error:
        raise PydanticCustomError("email", "{reason}", {"reason": str(error)}) from None


Email = Annotated[
    str,
    Line(3, LONGEST),
    AfterValidator(validated),
    Field(json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
]
