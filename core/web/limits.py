"""Rate limits of requests, and what the answer says of them.

`RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers.
"""

from functools import cache

from core.security.limits import RateLimits, Standing
from core.web.context import HttpContext
from core.web.rules import Rules


async def count_request(limits: RateLimits, context: HttpContext, rules: Rules) -> None:
    """By principal where there is one, else by address; the route's own limit by address always."""
    if not limits.enabled:
        return
    if (principal := context.principal) is not None:
        standing = await limits.hit("signed-in", principal.text)
    else:
        standing = await limits.hit("anonymous", context.address)
    if rules.limit and standing.granted:
        standing = await limits.hit(rules.limit, context.address)
    context.reply_headers += headers_of(standing)
    standing.check()


def headers_of(standing: Standing) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    policy, template = prepared(standing.name, standing.rate.amount, standing.rate.seconds)
    value = template % (standing.remaining, standing.resets_in_s)
    return (b"ratelimit-policy", policy), (b"ratelimit", value)


@cache
def prepared(name: str, amount: int, seconds: int) -> tuple[bytes, bytes]:
    return f'"{name}";q={amount};w={seconds}'.encode(), f'"{name}";r=%d;t=%d'.encode()
