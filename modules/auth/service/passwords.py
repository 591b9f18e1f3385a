"""The passwords of users: a new one is hashed before the transaction in which it is stored."""

from functools import partial
from uuid import UUID

from sqlalchemy import bindparam, select

from core.kit import Database
from core.kit.platform import StorePassword, insert_for, reserved
from modules.auth.models import Password
from modules.auth.passwords.hashing import PasswordHashing
from modules.auth.passwords.rules import is_common, refuse_weak
from modules.auth.settings import AuthSettings

HASH_OF = reserved(select(Password.hash).where(Password.user_id == bindparam("user_id")))


class PasswordService:
    """The store of password hashes.

    Each writer locks the row of the user first, so that a sign-in, which does so too, either sees a
    new password or is seen by its writer.
    """

    def __init__(self, db: Database, hashing: PasswordHashing, settings: AuthSettings) -> None:
        self._db, self._hashing = db, hashing
        self._shortest = settings.password_min_length
        row = insert_for(db.engine.dialect)(Password).values(
            user_id=bindparam("new_user_id"), hash=bindparam("new_hash")
        )
        self._set = row.on_conflict_do_update(
            index_elements=[Password.user_id], set_={"hash": row.excluded.hash}
        )
        is_common("")  # reads the list now, and not in the event loop of a request

    async def prepare(
        self, password: str, *context: str, location: str = "body.password"
    ) -> StorePassword:
        refuse_weak(password, location, self._shortest, context)
        return partial(self.store, hashed=await self._hashing.hash(password))

    async def store(self, user_id: UUID, hashed: str) -> None:
        """Set or replace the password of a user, whose row the caller has locked."""
        async with self._db.transaction() as tx:
            await tx.execute(self._set, {"new_user_id": user_id, "new_hash": hashed})

    async def stored(self, user_id: UUID | None) -> str | None:
        """Return the hash of a user, None for a user without a password."""
        async with self._db.read() as reads:
            hashed: str | None = await reads.scalar(HASH_OF, {"user_id": user_id})
        return hashed

    async def match(self, user_id: UUID | None, password: str) -> str | None:
        """Return the hash of the user if the password matches, else None after the same time."""
        stored = await self.stored(user_id)
        return stored if await self._hashing.verify(stored, password) else None

    async def rehashed(self, stored: str, password: str) -> str | None:
        """Return a new hash if the parameters of the stored one are outdated, else None."""
        outdated = self._hashing.needs_rehash(stored)
        return await self._hashing.hash(password) if outdated else None
