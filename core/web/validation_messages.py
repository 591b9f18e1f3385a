"""The messages of field errors: plain English in place of the messages of the validators.

The codes stay those of pydantic. The types of this project raise plain English themselves.
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

BUILT_IN = frozenset(get_args(ErrorType))
OTHERWISE = "This is not what is expected here."
OBJECT, LIST, STRING = "An object is expected.", "A list is expected.", "A string is expected."
FLAG, WHOLE, NUMBER = (
    "Either true or false.",
    "A whole number is expected.",
    "A number is expected.",
)
UUID = "A UUID is expected."
MOMENT = "A moment as in RFC 3339, e.g. 2026-01-31T12:00:00Z."
DATE = "A date as in RFC 3339, e.g. 2026-01-31."

WORDS: Mapping[str, str] = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field.",
    **dict.fromkeys(("model_type", "model_attributes_type", "dataclass_type", "dict_type"), OBJECT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), LIST),
    "string_type": STRING,
    **dict.fromkeys(("bool_type", "bool_parsing"), FLAG),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), NUMBER),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), UUID),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "timezone_aware"), MOMENT),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), DATE),
    "none_required": "Only null is expected.",
    **dict.fromkeys(("literal_error", "enum"), "One of {expected}."),
    "greater_than": "More than {gt}.",
    "greater_than_equal": "At least {ge}.",
    "less_than": "Less than {lt}.",
    "less_than_equal": "At most {le}.",
    "multiple_of": "A multiple of {multiple_of}.",
    "string_too_short": "{min_length} or more characters.",
    "string_too_long": "{max_length} or fewer characters.",
    "string_pattern_mismatch": "It is not written as it must be here.",
    "too_short": "{min_length} or more entries.",
    "too_long": "{max_length} or fewer entries.",
}
PARAMETERS: Mapping[str, str] = {
    "Invalid UUID": UUID,
    "Expected `uuid`": UUID,
    "Expected `bool`": FLAG,
    "Expected `int`": WHOLE,
    "Expected `float`": NUMBER,
    "Expected `str`": STRING,
}
"""Messages by the start of the text of msgspec, which parses path and query parameters."""


def message_for(details: Mapping[str, Any]) -> str:
    """Return the message for one item of `ValidationError.errors()`."""
    kind, context = details["type"], dict(details.get("ctx", ()))
    if kind not in BUILT_IN or "shortest" in context:  # `Text` names both limits
        return str(details["msg"])
    if "expected" in context:
        context["expected"] = context["expected"].replace("'", "").replace(" or ", ", ")
    return WORDS.get(kind, OTHERWISE).format(**context)


def parameter_in_words(message: str) -> str:
    matching = (words for start, words in PARAMETERS.items() if message.startswith(start))
    return next(matching, OTHERWISE)
