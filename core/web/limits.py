"""Counts requests against the rate limits, and writes the `RateLimit` header fields."""

from core.engine.http import Header
from core.security.limits import RateLimitResult, RateLimits
from core.web.context import HttpContext


async def count_request(limits: RateLimits, context: HttpContext, limit: str | None) -> None:
    """Count the request per principal, or per client if there is none. Raises RateLimited.

    The `limit` of the route is always counted per client.
    """
    if not limits.enabled:
        return
    if (principal := context.principal) is not None:
        result = await limits.hit("signed-in", principal.text)
    else:
        result = await limits.hit("anonymous", context.client)
    if limit and result.granted:
        result = await limits.hit(limit, context.client)
    context.reply_headers += headers_of(result)
    result.check()


def headers_of(result: RateLimitResult) -> tuple[Header, Header]:
    policy, left = result.headers()
    return (b"ratelimit-policy", policy), (b"ratelimit", left)
