"""The response header fields of the document, each defined once in the components."""

from core.kernel.json_types import JsonObject


def references(names: list[str]) -> JsonObject:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def text(description: str) -> JsonObject:
    return {"description": description, "schema": {"type": "string"}}


HEADERS: JsonObject = {
    "X-Request-ID": text("The id of the request, for support."),
    "Location": text("The URL of the created resource."),
    "Link": text("The first, previous, next and last page (RFC 8288)."),
    "ETag": text("The ETag of a resource with its own URL."),
    "RateLimit-Policy": text("The rate limits that counted this request."),
    "RateLimit": text("The remaining requests, and the seconds until the window has moved on."),
    "Idempotency-Replayed": text("`true` if this is the first response again."),
    "WWW-Authenticate": text("The kind of credential, and the error (RFC 6750)."),
    "Accept-Patch": text("The media types of a PATCH (RFC 5789)."),
    "Content-Range": text("The range of this part, or the number of bytes of the file."),
    "Retry-After": {"description": "The seconds to wait.", "schema": {"type": "integer"}},
}
