"""The validation and comparison of e-mail addresses.

An e-mail address is stored as its owner writes it, with the domain in lower case. Two of them are
equal if their domains are equal in UTS 46 (without transitional mapping, so `straße.de` is not
`strasse.de`), and their local parts in NFC and simple lower case. Dots and tags make a difference.
"""

from typing import Annotated

from email_validator import EmailNotValidError, EmailSyntaxError, ValidatedEmail, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core.kit import Line
from core.kit.platform import composed, simple_lower

MAX_LENGTH = 254


def parse(address: str) -> ValidatedEmail:
    """Parse without DNS; `.test` is for tests (RFC 2606). Raises EmailNotValidError."""
    try:
        address = composed(address, MAX_LENGTH)
    except ValueError:
        raise EmailSyntaxError(f"An e-mail address has at most {MAX_LENGTH} characters.") from None
    return validate_email(
        address,
        check_deliverability=False,
        test_environment=True,
        allow_quoted_local=False,
        allow_domain_literal=False,
        allow_display_name=False,
    )


def as_written(address: str) -> str:
    """Return the e-mail address to store. Raises EmailNotValidError, which is a ValueError."""
    parse(address)
    local, _, domain = address.rpartition("@")
    return f"{local}@{''.join(map(str.lower, domain))}"  # each character by itself, as in UTS 46


def email_key(address: str) -> str:
    """Return the form that is unique. Raises EmailNotValidError.

    email-validator maps the domain by UTS 46. `migrations/users` has a copy of this function, so a
    change of its results needs a migration of its own.
    """
    parsed = parse(address)
    return f"{composed(simple_lower(parsed.local_part), MAX_LENGTH)}@{parsed.domain}"


def validated(address: str) -> str:
    try:
        return as_written(address)
    except EmailNotValidError as error:
        raise PydanticCustomError("users:email", str(error)) from None


Email = Annotated[
    str,
    Line(3, MAX_LENGTH),
    AfterValidator(validated),
    Field(json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
]
