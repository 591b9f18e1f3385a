"""Errors of settings: one sentence that names the setting and never repeats a value."""

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails


class SettingsError(Exception):
    """The process must not start; the text is one sentence for the operator."""

    def __init__(self, sentence: str, names: Iterable[str] = ()) -> None:
        """Set the sentence, and the names of all settings that are known to be wrong."""
        super().__init__(sentence)
        self.names = frozenset(names)


def sentence(settings: type[BaseModel], names: dict[str, str], error: ValidationError) -> str:
    """Return a sentence on the first error; `names` are the names of fields in the environment."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f"{field.upper()} is not a setting."
    return f"{names[field]} {complaint(first, settings.model_fields[field])}."


def wrong_names(names: dict[str, str], error: ValidationError) -> Iterable[str]:
    fields = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    return (name for field, name in names.items() if field in fields)


def complaint(error: ErrorDetails, field: FieldInfo) -> str:
    """Return the text after the name; the ValueError of a validator is that text."""
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return f"must be {error['ctx']['expected'].replace(chr(39), '')}"
        case "bool_parsing" | "bool_type":
            return "must be true or false"
        case kind if kind.startswith(("int_", "float_", "greater_", "less_", "finite_")):
            return f"must be a {'number' if field.annotation is float else 'whole number'}" + (
                bounds(field)
            )
        case _:
            return f"is not accepted: {error['msg'].lower()}"


def bounds(field: FieldInfo) -> str:
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    limits = [
        f"{word} {getattr(rule, key)}"
        for rule in field.metadata
        for key, word in words.items()
        if getattr(rule, key, None) is not None
    ]
    return f" {' and '.join(limits)}" if limits else ""
