"""The errors of requests that no other code sees."""

from core.kernel.errors import BadRequest, ProblemError, Unavailable
from core.kernel.messages import ParameterValue


class MalformedRequest(ProblemError):
    def __init__(self, detail: str = "", **parameters: ParameterValue) -> None:
        super().__init__(detail, **parameters)
        self.headers["connection"] = "close"


class Unparsable(MalformedRequest, BadRequest):
    """The header or the framing breaks the protocol, or can be read in more than one way.

    Let an HTTP library write the request, and check whether a proxy changes it.
    """

    code = "http.unparsable"
    title = "The HTTP/1.1 request is malformed or ambiguous."


class BadHost(MalformedRequest, BadRequest):
    """`Host` is missing or repeated, or is not a valid host name.

    Send `Host` once, with the host name of the service.
    """

    place = "header.Host"
    code = "http.bad_host"
    title = "Send exactly one valid Host."


class RepeatedHeader(MalformedRequest, BadRequest):
    """Two values could mean two requests. `detail` names the header field.

    Send the header field once.
    """

    code = "http.repeated_header"
    title = "A header field that may be sent only once was sent twice."


class BadUrl(MalformedRequest, BadRequest):
    """The decoded URL has control characters or is not UTF-8, or a `%` encodes no character.

    Encode each part of the URL by itself, with a library.
    """

    code = "http.bad_url"
    title = "The URL is not percent-encoded UTF-8."


class UnknownCoding(MalformedRequest, BadRequest):
    """This `Transfer-Encoding` does not show where the body ends.

    Send a `Content-Length`, or `Transfer-Encoding: chunked` alone.
    """

    place = "header.Transfer-Encoding"
    code = "http.unknown_coding"
    title = "The only supported transfer coding is chunked, in HTTP/1.1."


class UriTooLong(MalformedRequest):
    """The path and the query have at most 8 KiB together."""

    status = 414
    code = "http.uri_too_long"
    title = "The URL is too long."


class Misdirected(MalformedRequest):
    """`Host` is well-formed, but it is not a host name of this service."""

    status = 421
    code = "http.misdirected"
    title = "This server does not serve this host."


class HeadersTooLarge(MalformedRequest):
    """A request has at most 100 header fields, of 16 KiB in all."""

    status = 431
    code = "http.headers_too_large"
    title = "There are too many header fields, or they are too long."


class RequestTimeout(ProblemError):
    """The header or the body of the request arrived too slowly, or stopped arriving."""

    status = 408
    code = "http.request_timeout"
    title = "The request took too long to arrive."


class TooManyConnections(Unavailable):
    """This process has no free connection, for any client or for this client IP."""

    code = "http.too_many_connections"
    title = "Too many connections are open; try again shortly."
