"""The conversion of a request to an UploadBody."""

from collections.abc import AsyncIterator, Mapping

from core.kit.platform import AnyRequest, EncodedBody, http_context
from modules.files.errors import UploadCutOff
from modules.files.upload.body import UploadBody
from modules.files.upload.digests import HEADERS


def body_of(request: AnyRequest) -> UploadBody:
    headers = http_context().headers
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise EncodedBody
    length = headers.get(b"content-length")
    return UploadBody(
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        length=None if length is None else int(length),
        digests=digests_in(headers),
        chunks=chunks_of(request),
    )


def digests_in(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    digests = {name: headers.get(name.encode()) for name in HEADERS}
    return {name: value.decode("latin-1") for name, value in digests.items() if value is not None}


async def chunks_of(request: AnyRequest) -> AsyncIterator[bytes]:
    """Yield chunks when they are needed, so that a refused client stops. Raises UploadCutOff."""
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise UploadCutOff
        yield message.get("body", b"")
        more = message.get("more_body", False)
