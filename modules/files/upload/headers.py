"""The header fields of the body and of its parts; ambiguous ones are refused."""

import re
from collections.abc import Mapping

from multipart import MultipartSegment, parse_options_header

from core.kit.platform import error_at
from modules.files.errors import MalformedUpload, NotMultipart
from modules.files.upload.digests import HEADERS, Claim, claims_in

MAX_BOUNDARY_LENGTH = 70  # RFC 2046, section 5.1.1
MOST_HEADERS, LARGEST_HEADERS = 8, 4 * 1024
PARAMETER = re.compile(r""";\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"\s]*)""")


def boundary_in(content_type: str) -> str:
    """Return the boundary. Raises NotMultipart and MalformedUpload."""
    kind, options = parse_options_header(content_type[:500])
    if kind != "multipart/form-data":
        raise NotMultipart
    boundary: str = options.get("boundary", "")
    is_plain = boundary.isascii() and boundary.isprintable()
    if not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH or not is_plain:
        message = "Content-Type must have a boundary of at most {max} characters."
        raise MalformedUpload(message, max=MAX_BOUNDARY_LENGTH)
    return boundary


def claims_of_body(headers: Mapping[bytes, bytes]) -> list[Claim]:
    """Return the claimed digests of the whole body. Raises DigestMismatch, with the field."""
    claims: list[Claim] = []
    for name in HEADERS:
        if (value := headers.get(name.encode())) is not None:
            with error_at(f"header.{name.title()}"):
                claims += claims_in(value.decode("latin-1"))
    return claims


def claims_of(part: MultipartSegment) -> list[Claim]:
    """Return the claimed digests of the content of this part."""
    headers = [value for name, value in part.headerlist if name.lower() in HEADERS]
    return [claim for header in headers for claim in claims_in(header)]


def parameters_of(part: MultipartSegment) -> Mapping[str, str]:
    """Return the parameters of `Content-Disposition`.

    Raises MalformedUpload if two parsers could read different names from the part.
    """
    names = [name for name, _ in part.headerlist]
    if len(set(names)) < len(names):
        raise MalformedUpload("A part must have each header field once.")
    if sum(len(name) + len(value) for name, value in part.headerlist) > LARGEST_HEADERS:
        message = "The headers of a part have at most {max} bytes."
        raise MalformedUpload(message, max=LARGEST_HEADERS)
    found = PARAMETER.findall(part.header("Content-Disposition", ""))
    parameters = {name.lower(): value.strip('"') for name, value in found}
    if len(parameters) < len(found):
        raise MalformedUpload("A part must have each parameter of Content-Disposition once.")
    return parameters
