"""The types of the fields of a user, which all bodies share."""

from typing import Annotated

from pydantic import Field

from core.kit import Line
from modules.users.email import Email as Email

Name = Annotated[str, Line(2, 50), Field(examples=["Ada Lovelace"])]
Age = Annotated[int, Field(ge=0, le=150, examples=[36])]
Locale = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        max_length=35,
        examples=["en-GB"],
        description="A language tag (BCP 47).",
    ),
]
