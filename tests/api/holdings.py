"""Creates one resource of each kind for a user, and reads all stored data."""

from sqlalchemy import select

from core.data.audit import AuditEntry
from core.data.models import Base
from core.testing import TestUser
from core.wiring.container import CoreContainer
from tests.api.document import API
from tests.modules.files.uploads import PNG, upload


async def things_of(user: TestUser) -> dict[str, str]:
    """Create one resource for each parameter of a path, and return the ids."""
    post = await user.client.post(f"{API}/posts", json={"title": "A", "content": "B"})
    draft = {"name": "A key", "scopes": ["profile:read"]}
    key = await user.client.post(f"{API}/auth/api-keys", json=draft)
    sessions = await user.client.get(f"{API}/auth/sessions")
    file = await upload(user.client, PNG, "picture.png")
    made = {"post_id": post.json().get("id"), "key_id": key.json()["id"], "file_id": file["id"]}
    owned = {"user_id": str(user.id), "session_id": sessions.json()["data"][0]["id"]}
    return {name: each for name, each in (made | owned).items() if each}


async def everything(core: CoreContainer) -> dict[str, list[str]]:
    """Return each row of each table except the audit log, which records refused requests."""
    tables = [each for each in Base.metadata.sorted_tables if each.name != AuditEntry.__tablename__]
    async with core.db().read() as reads:
        return {each.name: sorted(map(str, await reads.execute(select(each)))) for each in tables}
