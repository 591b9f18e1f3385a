"""The response header fields of the document, each defined once in the components."""

from core.web.openapi.schemas import Json


def references(names: list[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def text(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


HEADERS: Json = {
    "X-Request-ID": text("Names the request, for support."),
    "Location": text("Where the created thing stands."),
    "Link": text("The neighbours of this part of the list (RFC 8288)."),
    "ETag": text("Of what stands at an address of its own."),
    "RateLimit-Policy": text("The limits that were counted against."),
    "RateLimit": text("What remains of them, and for how many seconds."),
    "Idempotency-Replayed": text("`true` when this is the first answer again."),
    "WWW-Authenticate": text("How to sign in, and what was wrong (RFC 6750)."),
    "Accept-Patch": text("How a change may be written (RFC 5789)."),
    "Content-Range": text("Which part it is, or of how many bytes there are parts."),
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
