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
    400: "Correct the request: where there are `errors`, each names the place that is wrong. The "
    "same request again gets the same answer.",
    401: "Sign in, or send a good credential: `WWW-Authenticate` names the kind. An access token "
    "lives for minutes; get the next one with the refresh token.",
    403: "You are known, and may not do this. Another account, role, scope or proof may; the same "
    "request again gets the same answer.",
    404: "Check the address and the id in it. What is not yours to read is answered like what "
    "does not exist, and so is what has been removed.",
    405: "Use one of the methods in `Allow`.",
    408: "Send the request again, whole and without long pauses.",
    409: "Read the present state, and decide again.",
    412: "Read it again, make your change to what is there now, and send the new `ETag` with it.",
    413: "Send less. Nothing of this request was kept.",
    414: "Shorten the address: what is long belongs in the body.",
    415: "Send the body in a media type that this operation takes.",
    421: "Send the request to the address that the service is known under.",
    422: "Take a new `Idempotency-Key` for a new request.",
    429: "Wait as many seconds as `Retry-After` says, then go on more slowly.",
    431: "Send fewer or shorter header fields, cookies included.",
    500: "The mistake is ours. Try again later; if it stays, tell the operator the `request_id`.",
    503: "Wait as many seconds as `Retry-After` says, then try again.",
}
