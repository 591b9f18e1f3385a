"""The errors of HTTP itself, and those for errors of operations that have no code of their own."""

from collections.abc import Mapping

from core.kernel.errors import (
    BadRequest,
    Conflict,
    NotFound,
    ProblemError,
    Stale,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from core.security.authentication import NotPermitted, NotSignedIn
from core.security.limits import RateLimited


class NothingHere(NotFound):
    """No operation has this path."""

    code = "http.not_found"
    title = "There is no resource at this URL."


class MethodNotAllowed(ProblemError):
    """This path has operations of other methods only."""

    status = 405
    code = "http.method_not_allowed"
    title = "This URL does not support this method."

    def __init__(self, allow: str = "") -> None:
        super().__init__()
        self.headers["allow"] = allow


class BodyTooLarge(TooLarge):
    """JSON has at most 256 KiB. Some operations have a limit of their own."""

    code = "http.too_large"
    title = "The body is too large."


class Unreadable(BadRequest):
    """The request breaks a rule of HTTP that has no error code of its own."""

    code = "http.unreadable"
    title = "The request cannot be read."


class InternalError(ProblemError):
    """The request is not the cause. The log has the reason under the `request_id`."""

    status = 500
    code = "http.internal_server_error"
    title = "The server failed to process the request."


class InvalidRequest(BadRequest):
    """The operation does not accept this request. The `detail` says why."""

    code = "http.bad_request"
    title = "The request is not valid."


class StateConflict(Conflict):
    """The operation is not possible in this state. The `detail` says why."""

    code = "http.conflict"
    title = "The request conflicts with the state of the resource."


class MediaTypeRefused(UnsupportedMediaType):
    """The operation does not accept this media type. The `detail` says why."""

    code = "http.unsupported_media_type"
    title = "This media type is not accepted here."


class NotAvailable(Unavailable):
    """A part of the service that the operation needs does not respond."""

    code = "http.unavailable"
    title = "The service cannot do this now."


BY_STATUS: Mapping[int, type[ProblemError]] = {
    400: InvalidRequest,
    401: NotSignedIn,
    403: NotPermitted,
    404: NothingHere,
    405: MethodNotAllowed,
    409: StateConflict,
    412: Stale,
    413: BodyTooLarge,
    415: MediaTypeRefused,
    429: RateLimited,
    503: NotAvailable,
}
"""The codes of errors that have none, such as `BadRequest` itself."""
