"""The meaning of a problem, and the advice for clients.

Both are in the docstring of its class: the first paragraph is the meaning, and the second one the
advice. Without a second paragraph, the general advice for the status applies.
"""

from core.kernel.errors import ProblemError
from core.web.catalogues import Catalogue


def meaning_of(kind: type[ProblemError], texts: Catalogue) -> str:
    translated = texts.page_of(kind)
    return (translated and translated.meaning) or paragraphs(kind)[0]


def remedy_of(kind: type[ProblemError], texts: Catalogue) -> str:
    translated, (_, own) = texts.page_of(kind), paragraphs(kind)
    usual = ADVICE_MESSAGES.get(kind.status) or ADVICE_MESSAGES[kind.status // 100 * 100]
    return (translated and translated.advice) or own or texts.text(usual)


def paragraphs(kind: type[ProblemError]) -> tuple[str, str]:
    """Return meaning and advice from the docstring of this class, not from that of a parent."""
    meaning, _, advice = (vars(kind).get("__doc__") or "").partition("\n\n")
    return meaning, advice


ADVICE_MESSAGES = {
    400: "Correct the request. If there are `errors`, each one has the location of an invalid "
    "value. The same request again gets the same response.",
    401: "Sign in, or send a valid credential: `WWW-Authenticate` names its kind. An access token "
    "is valid for minutes. Get the next one with the refresh token.",
    403: "You are signed in, but may not do this. It requires another account, role or scope, or "
    "a re-authentication. The same request again gets the same response.",
    404: "Check the URL and the id in it. A resource that was deleted, or that you may not read, "
    "gets the same response as one that never existed.",
    405: "Use one of the methods in `Allow`.",
    408: "Send the whole request again, without long pauses.",
    409: "Read the current state, and decide again.",
    412: "Read the resource again, apply your change, and send the new `ETag`.",
    413: "Send less. Nothing of this request was stored.",
    414: "Shorten the URL, and send long values in the body.",
    415: "Send the body in a media type that this operation accepts.",
    421: "Send the request to the host name of the service.",
    422: "Use a new `Idempotency-Key` for a new request.",
    429: "Wait for the seconds in `Retry-After`, then send requests more slowly.",
    431: "Send fewer or shorter header fields, including cookies.",
    500: "This is an error of the service. Try again later. If the error stays, give the operator "
    "the `request_id`.",
    503: "Wait for the seconds in `Retry-After`, then try again.",
}
