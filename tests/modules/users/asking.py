"""Requests that several tests of this module send."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response
from sqlalchemy import Uuid, column, func, select, table

from core.kit import Statistic
from core.kit.platform import AuditEntry
from core.testing import CoreContainer, TestUser

ME = "/api/v1/users/me"
USERS = "/api/v1/users"
NO_SUCH_USER = f"{USERS}/01890000-0000-7000-8000-000000000000"


async def me(client: AsyncClient) -> dict[str, Any]:
    answer = await client.get(ME)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def wrong(answer: Response) -> list[tuple[str, str]]:
    """Return the location and the code of each field error."""
    assert answer.status_code == 400, answer.text
    return [(each["location"], each["code"]) for each in answer.json()["errors"]]


async def statistic(core: CoreContainer, name: str) -> int:
    of_admins = {it.name: it for it in core.contributions().of(Statistic)}
    return await of_admins[name].read()


async def audited(core: CoreContainer, action: str) -> Sequence[Any]:
    """Return the rows of this action, the oldest first."""
    rows = select(*AuditEntry.__table__.columns).where(AuditEntry.action == action)
    async with core.db().read() as reads:
        return (await reads.execute(rows.order_by(AuditEntry.id))).all()


async def with_key(user: TestUser, *scopes: str) -> dict[str, str]:
    """Return the header field of an API key with these scopes."""
    body = {"name": "A key", "scopes": [*scopes], "expires_in_days": 1}
    made = await user.client.post("/api/v1/auth/api-keys", json=body)
    assert made.status_code == 201, made.text
    return {"x-api-key": made.json()["key"]}


async def rows_of_passwords(core: CoreContainer, user_id: UUID) -> int:
    """Return the number of passwords of a user in the auth module."""
    passwords = table("auth_passwords", column("user_id", Uuid()))
    of_user = select(func.count()).select_from(passwords).where(passwords.c.user_id == user_id)
    async with core.db().read() as reads:
        return int(await reads.scalar(of_user))
