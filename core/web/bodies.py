"""Request bodies: the check of their media type, and strict parsing into schemas."""

from litestar.datastructures import FormMultiDict
from litestar.exceptions import InternalServerException
from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.engine.http import Header
from core.kernel.errors import (
    MAX_ERRORS,
    BadRequest,
    FieldError,
    InvalidInput,
    UnsupportedMediaType,
)
from core.kernel.schemas import Schema
from core.web.context import http_context
from core.web.media_types import is_text_of
from core.web.requests import AnyRequest
from core.web.strict_json import MalformedJson, unambiguous, with_plain_integers
from core.web.validation_messages import field_error

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
JSON_TYPES = frozenset({b"application/json"})
PATCH_TYPES = JSON_TYPES | {b"application/merge-patch+json"}
ACCEPT_PATCH: Header = (b"accept-patch", b"application/merge-patch+json, application/json")


class NotJson(UnsupportedMediaType):
    """The request has a body, but `Content-Type` does not declare it as JSON in UTF-8.

    Send `Content-Type: application/json`, or `application/merge-patch+json` for a PATCH.
    """

    code = "http.not_json"
    title = "Send the body as application/json."


class EncodedBody(UnsupportedMediaType):
    """A compressed body could become far larger than the bytes that were sent.

    Send the body without compression, and leave out `Content-Encoding`.
    """

    code = "http.encoded_body"
    title = "Send the body as it is, without a Content-Encoding."


class BodyCutOff(BadRequest):
    """The connection was closed before the end of the body.

    Send the whole request again. This request has changed nothing.
    """

    place = "body"
    code = "http.cut_off"
    title = "The request body is incomplete."


class JsonBytes(Struct):
    """Bytes of unambiguous JSON, which `decode` turns into a schema."""

    content: bytes


class JsonRequest(AnyRequest):
    has_form = False
    """The handler has read a form, whose files are closed after the response."""

    async def form(self) -> FormMultiDict:
        self.has_form = True
        return await super().form()

    async def body(self) -> bytes:
        try:
            return await super().body()
        except InternalServerException:  # the client disconnected
            raise BodyCutOff from None

    async def json(self) -> JsonBytes:
        headers = http_context().headers
        content_type = headers.get(b"content-type", b"")
        content = await self.body()
        if content_type != b"application/json" and not self._is_json(content_type):
            raise self._refusal()
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise EncodedBody
        if not content:
            raise InvalidInput([FieldError("body", "A JSON body is required.", "missing")])
        return JsonBytes(unambiguous(content))

    def _is_json(self, content_type: bytes) -> bool:
        """Return whether the media type is JSON or, for a PATCH, a merge patch (RFC 7396)."""
        return is_text_of(
            PATCH_TYPES if self.scope["method"] == "PATCH" else JSON_TYPES, content_type
        )

    def _refusal(self) -> Exception:
        refusal = NotJson()
        if self.scope["method"] == "PATCH":
            name, value = ACCEPT_PATCH
            refusal.headers[name.decode()] = value.decode()
        return refusal


class NoFields(Schema):
    """The schema for a route without a body: any field is refused."""


async def refuse_content(request: JsonRequest) -> None:
    """Refuse a body other than an empty object, for a route without a body."""
    if announces_content(http_context().headers) and await request.body():
        decode(NoFields, await request.json())


def announces_content(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def is_schema(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)


def decode(kind: type[Schema], value: JsonBytes) -> Schema:
    """Validate the JSON strictly: "5" is not a number, while a string may be a UUID or a date."""
    try:
        return kind.model_validate_json(value.content, strict=True)
    except ValidationError as error:
        plain = with_plain_integers(value.content)
        if plain != value.content:
            return decode(kind, JsonBytes(plain))
        raise refusal_of(error) from None


def refusal_of(error: ValidationError) -> BadRequest:
    errors = error.errors(include_url=False, include_input=False)
    if errors[0]["type"] == "json_invalid":  # the standard parser accepts this
        return MalformedJson(
            r"A \u escape is one half of a surrogate pair, which is not a character."
        )
    return InvalidInput([field_error(place_of(it), it) for it in errors[:MAX_ERRORS]])


def place_of(details: ErrorDetails) -> str:
    return ".".join(["body", *map(str, details["loc"])])[:200]
