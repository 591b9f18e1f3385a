"""Texts with parameters, such as "At least {min}.", which are filled when they are sent."""

import re
from collections.abc import Mapping, Sequence

ParameterValue = str | int | float | Sequence[str]
Parameters = Mapping[str, ParameterValue]

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: str, parameters: Parameters) -> str:
    """Return the text with the value of each parameter, and other braces as they are."""
    return PLACEHOLDER.sub(lambda place: as_text(parameters.get(place[1], place[0])), template)


def as_text(value: ParameterValue) -> str:
    return str(value) if isinstance(value, str | int | float) else ", ".join(value)
