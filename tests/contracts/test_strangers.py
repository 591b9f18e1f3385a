"""Only public routes return data to unauthenticated users; the others refuse them first."""

import re

import pytest
from httpx import AsyncClient
from litestar import Litestar

from core.web.route_options import options_of
from core.wiring.registry import discover
from core.wiring.routes import operations_of

ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("name", discover())
async def test_a_route_turns_anonymous_callers_away(
    name: str, app: Litestar, client: AsyncClient
) -> None:
    for route, handler in operations_of(app.routes):
        rules = options_of(handler)
        if rules.module != name or rules.policy.anyone:
            continue
        for method in handler.http_methods:
            answer = await client.request(method, re.sub(r"{\w+}", ZERO, route.path_format))
            assert answer.status_code == 401, (method, route.path)
            assert answer.headers["www-authenticate"] == 'Bearer realm="atrium"'
