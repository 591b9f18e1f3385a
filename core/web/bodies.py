"""Bodies in: read strictly, so that each has one meaning.

No JSON library here refuses a repeated key but the standard one with a hook. So that one reads the
bytes first, for the refusals, and pydantic reads the same bytes for the values (ASVS 1.5.3).
"""

import json
from collections.abc import Callable
from typing import Any

from litestar import Request
from pydantic import ValidationError

from core.kernel.errors import BadRequest, FieldError, InvalidInput, UnsupportedMediaType
from core.kernel.schemas import Schema
from core.web.context import Header, context_of

DEEPEST = 32
LARGEST_INTEGER = 2**53 - 1
JSON_TYPES = (b"application/json", b"application/merge-patch+json")
ACCEPT_PATCH: Header = (b"accept-patch", b"application/merge-patch+json, application/json")


class MalformedJson(BadRequest):
    code = "http.malformed_json"
    title = "The body is not one unambiguous JSON value in UTF-8."


class NotJson(UnsupportedMediaType):
    code = "http.not_json"
    title = "Send the body as application/json."


class EncodedBody(UnsupportedMediaType):
    code = "http.encoded_body"
    title = "Send the body as it is, without a Content-Encoding."


class JsonBytes:
    """Bytes that are unambiguous JSON, for `decode` to make a schema of."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        self.content = content


class JsonRequest(Request[Any, Any, Any]):
    async def json(self) -> Any:
        headers = context_of(self.scope).headers
        content_type = headers.get(b"content-type", b"")
        content = await self.body()
        if content_type != b"application/json" and not is_json(content_type):
            raise self._refusal(content)
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise EncodedBody
        if not content:
            raise InvalidInput([FieldError("body", "A JSON body is required.", "missing")])
        return JsonBytes(unambiguous(content))

    def _refusal(self, content: bytes) -> Exception:
        refusal = NotJson()
        if self.scope["method"] == "PATCH":
            name, value = ACCEPT_PATCH
            refusal.headers[name.decode()] = value.decode()
        return refusal


def is_json(content_type: bytes) -> bool:
    kind, _, parameters = content_type.lower().partition(b";")
    charset = parameters.strip().replace(b'"', b"")
    return kind.strip() in JSON_TYPES and charset in (b"", b"charset=utf-8")


def unambiguous(content: bytes) -> bytes:
    """The same bytes. Raises MalformedJson for what two parsers could read in two ways."""
    try:
        text = content.decode()
        if text.count("[") + text.count("{") > DEEPEST and too_deep(text):
            raise MalformedJson(f"It is nested more than {DEEPEST} deep.")
        scan(text)
    except ValueError as error:
        raise MalformedJson from error
    return content


def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("repeated key")
    return found


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return value


def exact(number: str) -> int:
    """What every JSON reader understands alike (RFC 8259, section 6)."""
    if len(number) > 17 or abs(value := int(number)) > LARGEST_INTEGER:
        raise MalformedJson(f"Integers reach from -{LARGEST_INTEGER} to {LARGEST_INTEGER}.")
    return value


scan: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=each_key_once, parse_constant=refuse, parse_float=finite, parse_int=exact
).decode


def too_deep(text: str) -> bool:
    """Only for texts with many brackets; those inside strings do not count."""
    depth, inside, escaped = 0, False, False
    for sign in text:
        if inside:
            inside = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def is_schema(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)


def decode(kind: type[Schema], value: Any) -> Schema:
    """Validate by JSON's own types: "5" is no number, while text may be a UUID or a date."""
    try:
        return kind.model_validate_json(value.content, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidInput(
            [field_error(each["loc"], each["msg"], each["type"]) for each in found]
        ) from None


def field_error(path: tuple[int | str, ...], message: str, code: str) -> FieldError:
    return FieldError(".".join(["body", *map(str, path)])[:200], message, code)
