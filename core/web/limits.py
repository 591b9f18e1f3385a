"""Rate limits of requests, and what the answer says of them."""

from core.security.limits import RateLimitResult, RateLimits
from core.web.context import Header, HttpContext


async def count_request(limits: RateLimits, context: HttpContext, limit: str | None) -> None:
    """Count per principal if there is one, else per client; the route's own limit per client."""
    if not limits.enabled:
        return
    if (principal := context.principal) is not None:
        standing = await limits.hit("signed-in", principal.text)
    else:
        standing = await limits.hit("anonymous", context.client)
    if limit and standing.granted:
        standing = await limits.hit(limit, context.client)
    context.reply_headers += headers_of(standing)
    standing.check()


def headers_of(standing: RateLimitResult) -> tuple[Header, Header]:
    policy, left = standing.headers()
    return (b"ratelimit-policy", policy), (b"ratelimit", left)
