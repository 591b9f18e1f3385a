"""The messages of field errors: plain English in place of the messages of the validators.

The codes stay those of pydantic. The types of this project raise plain English themselves.
"""

from collections.abc import Mapping
from typing import get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from core.kernel.errors import FieldError
from core.kernel.messages import Parameters, ParameterValue, as_parameters
from core.kernel.text import LENGTH

BUILT_IN = frozenset(get_args(ErrorType))
OTHERWISE = "The value is not valid."
OBJECT, LIST, STRING = "An object is expected.", "A list is expected.", "A string is expected."
FLAG, WHOLE, NUMBER = (
    "The value must be true or false.",
    "A whole number is expected.",
    "A number is expected.",
)
UUID = "A UUID is expected."
TIMESTAMP = "A timestamp of RFC 3339 is expected, such as 2026-01-31T12:00:00Z."
DATE = "A date of RFC 3339 is expected, such as 2026-01-31."

MESSAGES: Mapping[str, str] = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field.",
    **dict.fromkeys(("model_type", "model_attributes_type", "dataclass_type", "dict_type"), OBJECT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), LIST),
    "string_type": STRING,
    **dict.fromkeys(("bool_type", "bool_parsing"), FLAG),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), NUMBER),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), UUID),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "timezone_aware"), TIMESTAMP),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), DATE),
    "none_required": "The value must be null.",
    **dict.fromkeys(("literal_error", "enum"), "The value must be one of {allowed}."),
    "greater_than": "The value must be more than {above}.",
    "greater_than_equal": "The value must be at least {min}.",
    "less_than": "The value must be less than {below}.",
    "less_than_equal": "The value must be at most {max}.",
    "multiple_of": "The value must be a multiple of {multiple_of}.",
    "string_too_short": "The text must have at least {min} characters.",
    "string_too_long": "The text must have at most {max} characters.",
    "string_pattern_mismatch": "The text does not have the required format.",
    "too_short": "The list must have at least {min} items.",
    "too_long": "The list must have at most {max} items.",
}
PARAMETER_MESSAGES: Mapping[str, str] = {
    "Invalid UUID": UUID,
    "Expected `uuid`": UUID,
    "Expected `bool`": FLAG,
    "Expected `int`": WHOLE,
    "Expected `float`": NUMBER,
    "Expected `str`": STRING,
}
"""Messages by the start of the text of msgspec, which parses path and query parameters."""
PARAMETER_NAMES = {
    **dict.fromkeys(("ge", "min_length"), "min"),
    **dict.fromkeys(("le", "max_length"), "max"),
    "gt": "above",
    "lt": "below",
    "multiple_of": "multiple_of",
}
"""The names of a rule's parameters in a response, by those of pydantic."""


def field_error(location: str, details: ErrorDetails, code: str = "") -> FieldError:
    """Return the error for one item of `ValidationError.errors()`."""
    kind, context = details["type"], details.get("ctx", {})
    if kind not in BUILT_IN:
        return FieldError(location, details["msg"], code or kind, as_parameters(context))
    if {"min", "max"} <= context.keys():  # `Text` names both limits
        return FieldError(location, LENGTH, code or kind, context)
    return FieldError(
        location, MESSAGES.get(kind, OTHERWISE), code or kind, rule_parameters(context)
    )


def rule_parameters(context: Mapping[str, object]) -> Parameters:
    named = {
        PARAMETER_NAMES[name]: value for name, value in context.items() if name in PARAMETER_NAMES
    }
    parameters: dict[str, ParameterValue] = {**as_parameters(named)}
    if "expected" in context:
        listed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        parameters["allowed"] = listed.split(", ")
    return parameters


def parameter_message(message: str) -> str:
    matching = (text for start, text in PARAMETER_MESSAGES.items() if message.startswith(start))
    return next(matching, OTHERWISE)
