"""What the body and its parts say of themselves: believed only where it has one meaning."""

import re
from collections.abc import Sequence

from multipart import MultipartSegment, parse_options_header

from modules.files.errors import MalformedUpload, NotMultipart
from modules.files.upload.digests import HEADERS, Claim, claims_in

LONGEST_BOUNDARY = 70  # RFC 2046, section 5.1.1
MOST_HEADERS, LARGEST_HEADERS = 8, 4 * 1024
PARAMETER = re.compile(r";\s*(name|filename)\s*=", re.IGNORECASE)


def boundary_in(content_type: str) -> str:
    """Raises NotMultipart and MalformedUpload."""
    kind, options = parse_options_header(content_type[:500])
    if kind != "multipart/form-data":
        raise NotMultipart
    boundary: str = options.get("boundary", "")
    if not 0 < len(boundary) <= LONGEST_BOUNDARY or not is_plain(boundary):
        raise MalformedUpload(f"Name its boundary, of at most {LONGEST_BOUNDARY} characters.")
    return boundary


def is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def refuse_ambiguous(part: MultipartSegment) -> None:
    """Two readers must not find two names in it, nor a name that another hides."""
    names = [name for name, _ in part.headerlist]
    if len(set(names)) < len(names):
        raise MalformedUpload("A part has each header once.")
    if sum(len(name) + len(value) for name, value in part.headerlist) > LARGEST_HEADERS:
        raise MalformedUpload(f"The headers of a part have at most {LARGEST_HEADERS} bytes.")
    parameters: Sequence[str] = PARAMETER.findall(part.header("Content-Disposition", "").lower())
    if len(set(parameters)) < len(parameters):
        raise MalformedUpload("A part has one name and one filename.")


def claims_of(part: MultipartSegment) -> list[Claim]:
    """Of the content of this part."""
    headers = [value for name, value in part.headerlist if name.lower() in HEADERS]
    return [claim for each in headers for claim in claims_in(each)]
