"""The service that makes the first admin, and the admins of `atrium user create-admin`."""

from core.kit import Database
from core.kit.platform import ADMIN, MEMBER, NewPasswords
from modules.users.errors import AccountExists, UserNotFound
from modules.users.public import Account
from modules.users.queries import ANY_ADMIN
from modules.users.rows import update_row
from modules.users.service.account_deletion import AccountDeletion
from modules.users.service.accounts import AccountService
from modules.users.values import NewAccount

ADMIN_ROLES = (ADMIN, MEMBER)


class AdminService:
    def __init__(
        self,
        db: Database,
        passwords: NewPasswords,
        accounts: AccountService,
        account_deletion: AccountDeletion,
    ) -> None:
        self._db, self._passwords = db, passwords
        self._accounts, self._account_deletion = accounts, account_deletion

    async def exists(self) -> bool:
        """Return whether a user has the role `admin`, even one who cannot sign in."""
        async with self._db.read() as reads:
            return bool(await reads.scalar(ANY_ADMIN))

    async def knows(self, email: str) -> bool:
        """Return whether an account has this e-mail address."""
        return await self._accounts.by_email(email) is not None

    async def ensure_first(self, new: NewAccount) -> bool:
        """Make an admin if there is none; return whether one was made. Raises EmailTaken."""
        if await self.exists():
            return False
        add = await self._accounts.prepare(new, ADMIN_ROLES)
        async with self._db.transaction():
            if await self.exists():
                return False
            await add()
        return True

    async def make(self, new: NewAccount, *, promote: bool) -> None:
        """Make an admin, from an existing account only with `promote`. Raises AccountExists."""
        existing = await self._accounts.by_email(new.email)
        if existing is None:
            await self._accounts.register(new, ADMIN_ROLES)
        elif promote:
            await self._promote(existing, new)
        else:
            raise AccountExists(
                "{email} has an account already. With --promote this account becomes an admin, "
                "gets this password, and loses all its sessions.",
                email=existing.email,
            )

    async def unlock(self, email: str) -> None:
        """Clear the wrong attempts at an account. Raises UserNotFound."""
        account = await self._accounts.by_email(email)
        if account is None:
            raise UserNotFound("No account has the e-mail address {email}.", email=email)
        async with self._db.transaction() as tx:
            await self._accounts.unlock(account.email)
            await tx.record("users.unlock", ("users", account.id))

    async def _promote(self, account: Account, new: NewAccount) -> None:
        """Replace the password and end all sessions, because anyone may have made the account."""
        store_password = await self._passwords.prepare(new.password, account.email, account.name)
        changes = {"roles": ADMIN_ROLES, "is_active": True, "deletes_at": None}
        async with self._db.transaction() as tx:
            await update_row(self._db, account.id, changes)
            await store_password(account.id)
            await self._account_deletion.close(tx, account.id)
            await self._accounts.unlock(account.email)
            await tx.record("users.set_roles", ("users", account.id), after=[*ADMIN_ROLES])
