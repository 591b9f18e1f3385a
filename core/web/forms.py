"""The reading of forms, which a standard demands for a few routes.

The parser of Litestar is not used: a form here has limits, is UTF-8, and has each name once.
"""

from urllib.parse import parse_qsl

from core.kernel.errors import BadRequest, UnsupportedMediaType
from core.web.bodies import EncodedBody
from core.web.context import http_context
from core.web.media_types import is_text_of
from core.web.requests import AnyRequest

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 100


class NotAForm(UnsupportedMediaType):
    """The standard for this operation requires a form."""

    code = "http.not_a_form"
    title = f"Send the body as {FORM_TYPE}."


class MalformedForm(BadRequest):
    """The form cannot be decoded, or it has the same field twice.

    Let an HTTP library encode the form, and send each field once.
    """

    place = "body"
    code = "http.malformed_form"
    title = "The body is not one unambiguous form in UTF-8."


async def read_form(
    request: AnyRequest, malformed: type[BadRequest] = MalformedForm
) -> dict[str, str]:
    """Return the fields. Raises NotAForm, EncodedBody, or `malformed` for an ambiguous form."""
    headers = http_context().headers
    if not is_text_of((FORM_TYPE.encode(),), headers.get(b"content-type", b"")):
        raise NotAForm
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise EncodedBody
    return form_fields(await request.body(), malformed)


def form_fields(content: bytes, malformed: type[BadRequest]) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(content),
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        raise malformed("The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise malformed("The form has the same field twice.")
    return fields
