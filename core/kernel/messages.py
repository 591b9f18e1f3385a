"""Texts with parameters, such as "At most {max} files.", which are filled when they are sent."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

ParameterValue = str | int | float | Sequence[str]
Parameters = Mapping[str, ParameterValue]

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def fill(template: str, parameters: Parameters) -> str:
    """Return the text with the value of each parameter, and other braces as they are."""
    return PLACEHOLDER.sub(lambda place: as_text(parameters.get(place[1], place[0])), template)


def as_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def as_parameters(values: Mapping[str, object]) -> Parameters:
    """Return the values as those of JSON: a Decimal as a number, a date and others as text."""
    return {name: as_parameter(value) for name, value in values.items()}


def as_parameter(value: object) -> ParameterValue:
    if isinstance(value, list | tuple):
        return [*map(str, value)]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, str | int | float) else str(value)
