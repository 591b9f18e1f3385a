"""Posts that a test publishes."""

from typing import Any

from core.testing import TestUser

POSTS = "/api/v1/posts"
POST = {"title": "Hello", "content": "The first 5% of many words."}


async def publish(user: TestUser, **changes: str) -> dict[str, Any]:
    answer = await user.client.post(POSTS, json=POST | changes)
    assert answer.status_code == 201, answer.text
    published: dict[str, Any] = answer.json()
    return published
