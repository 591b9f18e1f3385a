"""A request leaves no garbage to the collector, whose runs stop all other requests."""

import gc
from collections.abc import Callable, Iterator

import pytest

from core.testing import TestUser
from core.web.context import HttpContext

REQUESTS = 20


@pytest.fixture
def collected() -> Iterator[Callable[[], int]]:
    """Yield a function that returns the number of requests the collector has freed."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)

    def count() -> int:
        gc.collect()
        return sum(isinstance(each, HttpContext) for each in gc.garbage)

    yield count
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users/me", 200),
        ("HEAD", "/users/me", 200),
        ("GET", "/files?per_page=1", 200),
        ("PATCH", "/users/me", 400),
        ("GET", "/files?sort=nonsense", 400),
        ("GET", "/nowhere", 404),
    ],
)
async def test_a_request_is_gone_once_it_is_answered(
    method: str, path: str, status: int, user: TestUser, collected: Callable[[], int]
) -> None:
    body = {"age": "old"} if method == "PATCH" else None
    for _ in range(REQUESTS):
        answer = await user.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == status
    assert collected() == 0
