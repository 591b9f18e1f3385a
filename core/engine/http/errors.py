"""The errors of requests that no other code sees."""

from core.kernel.errors import BadRequest, ProblemError, Unavailable
from core.kernel.messages import ParameterValue


class MalformedRequest(ProblemError):
    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.headers["connection"] = "close"


class Unparsable(MalformedRequest, BadRequest):
    """Its head or framing breaks the protocol, or can be read in more than one way.

    Leave both to an HTTP library, and look at what a proxy in between makes of them.
    """

    code = "http.unparsable"
    title = "This is not an HTTP/1.1 request with one meaning."


class BadHost(MalformedRequest, BadRequest):
    """`Host` is missing, repeated, or no name of a host.

    Send it once, with the name that the service is known under.
    """

    place = "header.Host"
    code = "http.bad_host"
    title = "Send exactly one valid Host."


class RepeatedHeader(MalformedRequest, BadRequest):
    """Two values could mean two requests; `detail` names the field.

    Send the field once.
    """

    code = "http.repeated_header"
    title = "A header field that may be given once was given twice."


class BadUrl(MalformedRequest, BadRequest):
    """The decoded URL has control characters or is no UTF-8, or a `%` encodes nothing.

    Let a library encode each part of the URL by itself.
    """

    code = "http.bad_url"
    title = "The URL is not percent-encoded UTF-8."


class UnknownCoding(MalformedRequest, BadRequest):
    """This `Transfer-Encoding` does not show the end of the body.

    Send a `Content-Length`, or `Transfer-Encoding: chunked` alone.
    """

    place = "header.Transfer-Encoding"
    code = "http.unknown_coding"
    title = "The only supported transfer coding is chunked, in HTTP/1.1."


class UriTooLong(MalformedRequest):
    """Path and query have at most 8 KiB together."""

    status = 414
    code = "http.uri_too_long"
    title = "The URL is too long."


class Misdirected(MalformedRequest):
    """`Host` is well-formed, and not among the names of this service."""

    status = 421
    code = "http.misdirected"
    title = "This server does not serve this host."


class HeadersTooLarge(MalformedRequest):
    """There may be 100 fields, of 16 KiB together."""

    status = 431
    code = "http.headers_too_large"
    title = "There are too many header fields, or they are too long."


class RequestTimeout(ProblemError):
    """Its head or its body came too slowly, or stopped coming."""

    status = 408
    code = "http.request_timeout"
    title = "The request took too long to arrive."


class TooManyConnections(Unavailable):
    """This process, or your client IP at it, has as many connections as it may have."""

    code = "http.too_many_connections"
    title = "Too many connections are open; try again shortly."
