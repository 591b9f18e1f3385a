"""Rate limits of requests, and what the answer says of them."""

from core.security.limits import RateLimits, Standing
from core.web.context import Header, HttpContext
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


def headers_of(standing: Standing) -> tuple[Header, Header]:
    policy, left = standing.in_words()
    return (b"ratelimit-policy", policy), (b"ratelimit", left)
